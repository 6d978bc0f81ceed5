public import Arm64
public import MemoryTypes

/// The page tables of the shadow (arch/arm64/mm/kasan_init.c, mm/kasan/init.c).
///
/// The shadow is an eighth of the kernel half: 16 TB with 48 bits. Where nothing is tracked it is one
/// page of zeros, read-only, and above it one table a level whose entries are all the same: the
/// *early shadow*. Where something is tracked, it has pages of its own.
///
/// Invariant: an entry is none, or the shared table or page of the level below, or leads to tables
/// and pages of the shadow alone.
public struct ShadowTables<B: Board>: BitwiseCopyable {
  let board: B
  let root: PhysicalAddress
  /// `kasan_early_shadow_page`, and by level the table whose entries all lead to it; `shared[4]` is
  /// the page itself.
  let shared: InlineArray<5, PhysicalAddress>

  /// Makes the shared page and tables below a root; nil where `allocate` has no page of zeros.
  public init?(board: B, root: PhysicalAddress, allocate: () -> PhysicalAddress?) {
    self.board = board
    self.root = root
    var shared = InlineArray<5, PhysicalAddress>(repeating: PhysicalAddress(0))
    var level = 4
    while level > board.translation.startLevel {
      guard let page = allocate() else { return nil }
      shared[level] = page
      if level < 4 {
        let below = shared[level &+ 1]
        for index in 0..<board.translation.entries(at: level) {
          board.store(
            Self.entry(level, below, board.translation, isShared: true).rawValue,
            at: page + ByteCount(UInt64(index) &* 8))
        }
      }
      level &-= 1
    }
    self.shared = shared
  }

  /// The entry at a level that leads to a table, or maps a page.
  private static func entry(
    _ level: Int, _ target: PhysicalAddress, _ geometry: TranslationGeometry, isShared: Bool
  ) -> Descriptor {
    let frame = PageFrameNumber(containing: target, geometry.pageSize)
    return level == 3
      ? Descriptor(page: frame, isShared ? .kernelReadOnly : .kernel, in: geometry)
      : Descriptor(
        table: frame, [.userExecuteNever, .privilegedExecuteNever], in: geometry)
  }

  /// Gives a range the early shadow, but where it has a shadow of its own.
  ///
  /// False where `allocate` has no page of zeros.
  public func mapShared(
    _ range: Range<VirtualAddress>, allocate: () -> PhysicalAddress?
  ) -> Bool {
    walk(root, board.translation.startLevel, range, own: false, allocate) { _, _ in }
  }

  /// Gives a range a shadow of its own, where it has none (`kasan_map_populate()`).
  ///
  /// - Parameter filled: hears of each page that was made, before it is mapped.
  public func populate(
    _ range: Range<VirtualAddress>, allocate: () -> PhysicalAddress?,
    filled: (PhysicalAddress, VirtualAddress) -> Void = { _, _ in }
  ) -> Bool {
    let made = walk(root, board.translation.startLevel, range, own: true, allocate, filled)
    board.publishDescriptors()
    return made
  }

  /// Gives a range the early shadow again (`kasan_depopulate_vmalloc_pte()`).
  ///
  /// The body gets each page that was there, when nothing leads to it any more. The tables stay.
  public func release(_ range: Range<VirtualAddress>, _ body: (PhysicalAddress) -> Void) {
    let geometry = board.translation
    var at = range.lowerBound
    while at < range.upperBound {
      if let slot = ownSlot(of: at) {
        let page = Descriptor(board.load(UInt64.self, at: slot)).output(in: geometry)
        clear(slot, at)
        set(slot, 3, shared[4], isShared: true)
        body(page)
      }
      at = at + geometry.pageSize.bytes
    }
    board.publishDescriptors()
  }

  /// The entry that maps a page of shadow of an address's own; nil where it has the early shadow.
  private func ownSlot(of address: VirtualAddress) -> PhysicalAddress? {
    let geometry = board.translation
    var table = root
    var level = geometry.startLevel
    while true {
      let slot = table + ByteCount(UInt64(geometry.index(of: address, at: level)) &* 8)
      let entry = Descriptor(board.load(UInt64.self, at: slot))
      guard !entry.isNone else { return nil }
      let target = entry.output(in: geometry)
      if target == shared[level &+ 1] { return nil }
      if level == 3 { return slot }
      table = target
      level &+= 1
    }
  }

  private func walk(
    _ table: PhysicalAddress, _ level: Int, _ range: Range<VirtualAddress>, own: Bool,
    _ allocate: () -> PhysicalAddress?, _ filled: (PhysicalAddress, VirtualAddress) -> Void
  ) -> Bool {
    let geometry = board.translation
    let span = geometry.coverage(at: level)
    var at = range.lowerBound
    // The last byte, for a range may end with the last address of all.
    let last = range.upperBound.rawValue &- 1
    while at.rawValue <= last {
      let start = at.alignedDown(to: span)
      let lastHere = min(start.rawValue &+ (span.rawValue &- 1), last)
      let slot = table + ByteCount(UInt64(geometry.index(of: at, at: level)) &* 8)
      let entry = Descriptor(board.load(UInt64.self, at: slot))
      let isWhole = at == start && lastHere &- at.rawValue == span.rawValue &- 1
      let isShared =
        !entry.isNone && entry.output(in: geometry) == shared[level &+ 1]
      if !own && entry.isNone && (isWhole || level == 3) {
        set(slot, level, shared[level &+ 1], isShared: true)
      } else if level == 3 {
        if own && (entry.isNone || isShared) {
          guard let page = allocate() else { return false }
          filled(page, start)
          // Break before make: the zero page goes before its successor comes.
          if isShared { clear(slot, start) }
          set(slot, 3, page, isShared: false)
        }
      } else if own || !isShared {
        var below = entry.output(in: geometry)
        if entry.isNone || isShared {
          guard let new = allocate() else { return false }
          if isShared {
            board.copyPage(from: below, to: new, geometry.pageSize)
            clear(slot, start)
          }
          set(slot, level, new, isShared: false)
          below = new
        }
        guard
          walk(
            below, level &+ 1, at..<VirtualAddress(lastHere &+ 1), own: own, allocate, filled)
        else { return false }
      }
      if lastHere == .max { break }
      at = VirtualAddress(lastHere &+ 1)
    }
    return true
  }

  private func set(
    _ slot: PhysicalAddress, _ level: Int, _ target: PhysicalAddress, isShared: Bool
  ) {
    board.store(
      Self.entry(level, target, board.translation, isShared: isShared).rawValue, at: slot)
  }

  private func clear(_ slot: PhysicalAddress, _ address: VirtualAddress) {
    board.store(UInt64(0), at: slot)
    board.invalidate(.all)
  }
}
