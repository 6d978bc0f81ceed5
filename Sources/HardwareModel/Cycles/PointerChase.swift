public import Arm64
public import MemoryTypes

/// What a load costs that waits for the one before it, over growing working sets.
///
/// Each line of a set is read once a round, in an order that no prefetcher would guess; the first
/// rounds fill the core, the last is counted. The curve has a step where a set outgrows a TLB or a
/// cache: whoever doubts a preset sees there what it promises.
public struct PointerChase {
  /// One working set.
  public struct Point: Sendable {
    public var bytes: UInt64
    /// Cycles of a load, by what they went to; ``CycleEstimate/Parts/base`` is a load that L1
    /// serves.
    public var cycles: CycleEstimate.Parts
    /// Of each load: how often its L1 TLB missed, and how often it was walked for.
    public var tlbMisses: Double
    public var walks: Double
    /// The parts of all loads that L1, the second and the last level and memory served.
    public var served: [Double]
  }

  private let geometry: CoreGeometry
  private let latencies: CoreLatencies
  private let shape: TranslationGeometry
  private let tables: LinearTables
  /// The largest set.
  public let limit: UInt64

  private static let start = VirtualAddress(0x1_0000_0000)

  /// A chase over sets of up to `limit` bytes on a core.
  public init(
    _ geometry: CoreGeometry, _ latencies: CoreLatencies, in shape: TranslationGeometry,
    limit: UInt64
  ) {
    self.geometry = geometry
    self.latencies = latencies
    self.shape = shape
    self.limit = limit
    tables = LinearTables(from: Self.start, ByteCount(limit), in: shape)
  }

  /// The sizes at which a core has steps: what its TLBs reach and its caches hold, and what each is.
  public static func steps(_ geometry: CoreGeometry, _ pageSize: PageSize)
    -> [(bytes: UInt64, what: String)]
  {
    let page = pageSize.bytes.rawValue
    let all: [(Int?, UInt64, String)] = [
      (geometry.dataCache.bytes, 1, "L1D"), (geometry.secondCache?.bytes, 1, "L2"),
      (geometry.lastCache?.bytes, 1, "last level"),
      (geometry.dataTLB.entries, page, "L1 TLB"), (geometry.sharedTLB?.entries, page, "L2 TLB"),
    ]
    return all.compactMap { size, unit, what in size.map { (UInt64($0) * unit, what) } }
      .sorted { $0.bytes < $1.bytes }
  }

  /// The sets of a curve: powers of two and half way between, and every step.
  public static func sizes(_ geometry: CoreGeometry, _ pageSize: PageSize, limit: UInt64)
    -> [UInt64]
  {
    var sizes = Set(steps(geometry, pageSize).map(\.bytes))
    var size: UInt64 = 4096
    while size <= limit {
      sizes.insert(size)
      sizes.insert(size / 2 * 3)
      size *= 2
    }
    return sizes.filter { $0 <= limit }.sorted()
  }

  /// A limit that shows every cache's step, and the TLBs' as far as they are not far beyond.
  public static func limit(_ geometry: CoreGeometry) -> UInt64 {
    let caches = [geometry.dataCache, geometry.secondCache, geometry.lastCache]
    return UInt64(caches.compactMap { $0?.bytes }.max() ?? 0) * 2
  }

  /// Chases through so many bytes, a multiple of the line and `limit` at most.
  public func point(_ bytes: UInt64) -> Point {
    let records = records(bytes)
    var core = CoreModel(geometry, memory: tables.memory, physicalBits: 36)
    core.load(tables.regime, asid: ASID(1))
    // The second round settles what a tree or chance left out of the first.
    let rounds = bytes <= 1 << 20 ? 3 : 1
    for _ in 0..<rounds { run(&core, records) }
    let before = core.counters
    run(&core, records)
    let counts = core.counters - before
    let loads = Double(records.count)
    let estimate = CycleEstimate(
      counts, latencies, hasSharedTLB: geometry.sharedTLB != nil, userInstructions: 0,
      kernelInstructions: 0)
    var cycles = estimate.user
    cycles.base = latencies.first
    cycles.tlb /= loads
    cycles.walk /= loads
    cycles.cache /= loads
    return Point(
      bytes: bytes, cycles: cycles, tlbMisses: Double(counts[.tlbMisses(.load, .user)]) / loads,
      walks: Double(counts[.walks(.load, .user)]) / loads,
      served: ServedBy.allCases.map { Double(counts[.served(.load, .user, $0)]) / loads })
  }

  private func run(_ core: inout CoreModel, _ records: [AccessRecord]) {
    let done = unsafe records.withUnsafeBufferPointer { unsafe core.run($0) }
    precondition(done == records.count)
  }

  /// Each line once, in a random order that is the same each time.
  private func records(_ bytes: UInt64) -> [AccessRecord] {
    let line = UInt64(geometry.dataCache.line)
    var records = (0..<bytes / line).map {
      AccessRecord(.load, VirtualAddress(Self.start.rawValue + $0 * line), size: 8, by: .user)
    }
    var generator: UInt64 = 0x9e37_79b9_7f4a_7c15
    for index in records.indices.dropFirst() {
      let other = RandomWay.next(&generator, of: index + 1)
      records.swapAt(index, other)
    }
    return records
  }
}
