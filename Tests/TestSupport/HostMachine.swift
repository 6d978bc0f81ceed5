public import Arm64
public import HostBoard
public import KernelHeap
public import MemoryTypes
public import PageFrames

/// What every machine of a test begins with: RAM on the host board and the frame allocator, to which
/// a heap may come.
public struct HostMachine<B: Board> {
  public let board: B
  public let frames: KernelPointer<FrameAllocator<B>>

  /// A piece of RAM, by its offset from where RAM begins, in bytes.
  public typealias Bank = (start: UInt64, length: UInt64)

  /// Starts a frame allocator in banks of a board whose frame table is at `table`.
  public init(
    _ board: B, table: FrameTable, _ banks: [Bank], reserved: [Bank] = [],
    options: FrameAllocator<B>.Options = .init()
  ) {
    var map = MemoryMap(pageSize: board.pageSize)
    func range(_ bank: Bank) -> PhysicalRange {
      PhysicalRange(
        start: HostBoard.ramBase + ByteCount(bank.start), length: ByteCount(bank.length))
    }
    for bank in banks { precondition(map.add(range(bank))) }
    for bank in reserved { precondition(map.reserve(range(bank))) }
    precondition(map.populateFrameTable { _, _ in true })
    var options = options
    options.ramIsZero = true
    guard
      let frames = FrameAllocator.start(board: board, map: &map, frames: table, options: options)
    else { fatalError("the frame allocator did not start") }
    self.board = board
    self.frames = frames
  }

  /// Starts the slab allocator.
  public func makeHeap() -> KernelPointer<SlabAllocator<B>> {
    guard let heap = SlabAllocator.start(frames: frames) else { fatalError("no heap") }
    return heap
  }
}

extension HostMachine where B == HostBoard {
  /// A machine of its own, with the bits of addresses that Debian's kernels have.
  public init(
    _ pageSize: PageSize, vaBits: UInt64? = nil, _ banks: [Bank], reserved: [Bank] = [],
    hasHardwareAccessAndDirty: Bool = false, options: FrameAllocator<HostBoard>.Options = .init()
  ) {
    let end = banks.map { $0.start + $0.length }.max() ?? 0
    guard
      let board = HostBoard(
        translation: .forTests(pageSize, vaBits: vaBits), span: ByteCount(end),
        hasHardwareAccessAndDirty: hasHardwareAccessAndDirty)
    else { fatalError("no board") }
    self.init(
      board, table: unsafe FrameTable(base: board.frameTableBase), banks, reserved: reserved,
      options: options)
  }

  /// As ``init(_:vaBits:_:reserved:hasHardwareAccessAndDirty:options:)``, with one bank.
  public init(
    _ pageSize: PageSize, vaBits: UInt64? = nil, ram: ByteCount,
    hasHardwareAccessAndDirty: Bool = false
  ) {
    self.init(
      pageSize, vaBits: vaBits, [(0, ram.rawValue)],
      hasHardwareAccessAndDirty: hasHardwareAccessAndDirty)
  }
}

extension TranslationGeometry {
  /// The geometry of a page size, with the bits of addresses that Debian's kernels have.
  public static func forTests(_ pageSize: PageSize, vaBits: UInt64? = nil) -> TranslationGeometry {
    let usual: UInt64 = pageSize == .fourKiB ? 48 : pageSize == .sixteenKiB ? 47 : 42
    guard let geometry = TranslationGeometry(pageSize: pageSize, vaBits: vaBits ?? usual) else {
      fatalError("no such geometry")
    }
    return geometry
  }
}
