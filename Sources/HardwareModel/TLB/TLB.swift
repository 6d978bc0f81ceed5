import MemoryTypes

/// A TLB as a model, and a cache of table entries, which differs only in what its entries say.
///
/// A set is chosen by the page's number at the entry's size, so each size that is held at the
/// moment is one look-up, the smallest first: of tables, that is the deepest.
struct TLB: ~Copyable {
  private var entries: WaySets<TLBEntry>
  /// What is held, roughly: where sets have many ways, they need not be gone through in vain.
  private let rough: RoughKeys
  let geometry: TLBGeometry
  /// How many entries there are of each size, by the power less 12, and which sizes have any.
  private var populations: InlineArray<32, Int32> = .init(repeating: 0)
  private var heldSizes: UInt32 = 0
  /// The only size that there is, as a power, or 0.
  private var soleShift: UInt64 = 0
  /// The bits of a probe that a key of it has then, and the others.
  private var soleMask: UInt64 = 0
  private var soleSize: UInt64 = 0

  init(_ geometry: TLBGeometry) {
    self.geometry = geometry
    entries = WaySets(sets: geometry.sets, ways: geometry.ways, geometry.replacement)
    rough = RoughKeys(isUsed: geometry.ways > 8)
  }

  /// A look-up that counts as a use.
  ///
  /// - Returns: the translation and the entry's size as a power of two, or none.
  @inline(__always) mutating func find(_ address: UInt64, _ asid: UInt64) -> TLBHit {
    let probe = TLBKey.probe(address, asid)
    if soleShift != 0 {
      let own = probe & soleMask | soleSize
      let global = own & ~TLBKey.asidMask | TLBKey.global
      let row = entries.row(of: own &>> (soleShift &+ 11))
      // Most look-ups find the first way, and leave it there.
      let first = entries[row, 0]
      if (first.key == own || first.key == global) && !entries.notesFirst {
        return TLBHit(translation: first.translation, shift: soleShift)
      }
      guard rough.mayHold(own) else { return .none }
      let way = entries.find(in: row) { $0.key == own || $0.key == global }
      return way < 0 ? .none : used(way, in: row)
    }
    return findAmongSizes(address, asid)
  }

  /// Where entries of several sizes are held, or none.
  @inline(never) private mutating func findAmongSizes(_ address: UInt64, _ asid: UInt64) -> TLBHit {
    let probe = TLBKey.probe(address, asid)
    var sizes = heldSizes
    while sizes != 0 {
      let shift = UInt64(truncatingIfNeeded: sizes.trailingZeroBitCount) &+ 12
      sizes &= sizes &- 1
      let own = TLBKey.key(probe, shift: shift, isGlobal: false)
      guard rough.mayHold(own) else { continue }
      let row = row(of: address, shift: shift)
      let global = TLBKey.key(probe, shift: shift, isGlobal: true)
      let way = entries.find(in: row) { $0.key == own || $0.key == global }
      if way >= 0 { return used(way, in: row) }
    }
    return .none
  }

  /// Takes a translation in, for an entry of 2^`shift` bytes that is not held.
  @inline(__always) mutating func insert(
    _ address: UInt64, _ asid: UInt64, shift: UInt64, isGlobal: Bool, _ translation: TLBTranslation
  ) {
    let probe = TLBKey.probe(address, asid)
    let entry = TLBEntry(
      key: TLBKey.key(probe, shift: shift, isGlobal: isGlobal), translation: translation)
    let row = row(of: address, shift: shift)
    let victim = entries.insert(entry, in: row)
    rough.add(entry.key, 1)
    if !victim.isNone { rough.add(victim.key, -1) }
    // One of the same size in its place changes nothing.
    if (victim.key ^ entry.key) & (TLBKey.sizeMask | 1) == 0 { return }
    count(entry, 1)
    if !victim.isNone { count(victim, -1) }
  }

  /// Adds a flag to what is said of an address, where anything is: its page has become dirty.
  mutating func add(_ flag: UInt64, to address: UInt64, _ asid: UInt64) {
    let probe = TLBKey.probe(address, asid)
    eachRow(of: address) { tlb, row in
      for way in 0..<tlb.entries.ways {
        let entry = tlb.entries[row, way]
        if !entry.isNone && entry.covers(probe, anyASID: false) {
          tlb.entries[row, way].translation.rawValue |= flag
        }
      }
    }
  }

  /// The set of an address among entries of 2^`shift` bytes.
  @inline(__always) private func row(of address: UInt64, shift: UInt64) -> Int {
    entries.row(of: (address & AccessRecord.addressMask) &>> shift)
  }

  /// The sets that can hold an entry for an address.
  private mutating func eachRow(of address: UInt64, _ body: (inout TLB, Int) -> Void) {
    var sizes = heldSizes
    while sizes != 0 {
      let size = UInt64(truncatingIfNeeded: sizes.trailingZeroBitCount)
      sizes &= sizes &- 1
      body(&self, row(of: address, shift: size &+ 12))
    }
  }

  @inline(__always) private mutating func used(_ way: Int, in row: Int) -> TLBHit {
    let entry = entries[row, way]
    _ = entries.use(way, in: row)
    return TLBHit(translation: entry.translation, shift: entry.shift)
  }

  @inline(__always) private mutating func count(_ entry: TLBEntry, _ change: Int32) {
    let size = Int(truncatingIfNeeded: entry.shift &- 12)
    populations[size] &+= change
    guard populations[size] == 0 || populations[size] == change else { return }
    let bit = UInt32(1) &<< UInt32(size)
    heldSizes = populations[size] == 0 ? heldSizes & ~bit : heldSizes | bit
    let isSole = heldSizes != 0 && heldSizes & (heldSizes &- 1) == 0
    soleShift = isSole ? UInt64(truncatingIfNeeded: heldSizes.trailingZeroBitCount) &+ 12 : 0
    soleMask = TLBKey.addressMask(soleShift) | TLBKey.asidMask | 1
    soleSize = TLBKey.size(soleShift)
  }
}

/// What a look-up found.
struct TLBHit: BitwiseCopyable {
  var translation: TLBTranslation
  /// The size of the entry, as a power of two.
  var shift: UInt64

  @inline(__always) static var none: Self {
    Self(translation: TLBTranslation(rawValue: 0), shift: 12)
  }
  @inline(__always) var isNone: Bool { translation.isNone }
}

/// Forgetting (Arm ARM D8.14): entries by address, by address space, or all of them.
///
/// An invalidation by address and ASID takes global entries too.
extension TLB {
  /// One address of one address space, or of all.
  mutating func forget(_ address: UInt64, _ asid: UInt64, anyASID: Bool) {
    let probe = TLBKey.probe(address, asid)
    // An invalidation of one page is frequent: only the sets that can hold it are looked through.
    eachRow(of: address) { tlb, row in
      tlb.forget(in: row) { $0.covers(probe, anyASID: anyASID) }
    }
  }

  /// All of `first...last`.
  mutating func forget(_ first: UInt64, through last: UInt64, _ asid: UInt64, anyASID: Bool) {
    let lowest = TLBKey.probe(first, asid)
    let highest = TLBKey.probe(last, asid)
    forget { $0.overlaps(lowest, highest, anyASID: anyASID) }
  }

  /// An address space's, but for global entries.
  mutating func forgetSpace(_ asid: UInt64) {
    let probe = asid &<< 7
    forget { !$0.isGlobal && ($0.key ^ probe) & TLBKey.asidMask == 0 }
  }

  mutating func forgetAll() { forget { _ in true } }

  private mutating func forget(_ matches: (TLBEntry) -> Bool) {
    for row in 0..<entries.sets { forget(in: row, matches) }
  }

  private mutating func forget(in row: Int, _ matches: (TLBEntry) -> Bool) {
    var way = geometry.ways
    while way > 0 {
      way &-= 1
      let entry = entries[row, way]
      if !entry.isNone && matches(entry) {
        entries.remove(way, in: row)
        rough.add(entry.key, -1)
        count(entry, -1)
      }
    }
  }
}
