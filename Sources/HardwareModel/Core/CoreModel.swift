public import Arm64
public import MemoryTypes

/// The memory hardware of one core, fed with what the core does: translations and caches.
///
/// An access is translated by the L1 TLB of its kind, the shared TLB, or a walk, which reads the
/// genuine descriptors of the board through the caches; then its line is looked up by physical
/// address in L1, the second and the last level. The rules (what is filled when, in which order,
/// what is left out) are Documentation/Theory/HardwareModel.md's; every one of them stands a second
/// time, slowly, in the reference model of the tests.
///
/// ```swift
/// var core = CoreModel(geometry, memory: memory)
/// core.load(regime, asid: asid)
/// let done = core.run(records)          // all of them, or up to one that faults
/// print(core.counters[.served(.load, .user, .memory)])
/// ```
///
/// A model belongs to one core and one thread.
///
/// SAFETY: `notes` is a pointer only while ``run(_:from:noting:)`` runs, whose caller lends it; the
/// queues have room for all that a block of records asks for.
@safe public struct CoreModel: ~Copyable {
  public let geometry: CoreGeometry
  let memory: DescriptorMemory

  var dataTLB: TLB
  var instructionTLB: TLB
  // What a core does not have is a structure of one entry that nobody asks.
  var sharedTLB: TLB
  var walkCache: TLB
  let hasSharedTLB: Bool
  let hasWalkCache: Bool

  var dataCache: LineCache
  var instructionCache: LineCache
  var secondCache: LineCache
  var lastCache: LineCache
  let hasSecondCache: Bool
  let hasLastCache: Bool
  let secondPlaces: SetPlaces
  let lastPlaces: SetPlaces
  let lineShift: UInt64
  /// The bits of an offset in a line.
  let lineOffsets: UInt64
  /// The bits of a record that say its line, and who asked for it.
  let lineMask: UInt64

  /// How addresses are translated; nil is not at all: addresses are physical.
  public internal(set) var regime: TranslationRegime?
  /// What walks need of it at every step.
  var plan = WalkPlan(nil)
  var asid: UInt64 = 0
  let counts = CounterStore()
  /// What has been counted until now.
  public var counters: Counters { counts.now }
  /// The same in place, ``Counter/all`` words; valid as long as the model is.
  @unsafe public var counterWords: UnsafePointer<UInt64> { unsafe counts.words }
  /// What the last access that faulted wanted.
  public internal(set) var fault: ModelFault?

  // What the last accesses touched, where using it again changes nothing but counts.
  var nearData = NearLine.none
  var nearFetch = NearLine.none
  /// Where the near data line stands in the queue.
  var nearRequest = 0
  var dataPage = NearPage()
  var fetchPage = NearPage()

  /// What the records of a block ask for, and how much it is until now.
  let queues = LineQueues()
  var queued = 0
  /// The record that is being looked up, by its place in its block.
  var record = 0
  /// Last-level tables that walks have found.
  let tables = TableMemo()
  /// How many walks the last block made.
  var walked = 0
  /// Where notes go, if anybody wants them, and how many are there.
  var notes: UnsafeMutablePointer<UInt64>?
  var isNoting = false
  public internal(set) var noteCount = 0

  /// A core whose structures are empty, without translation.
  ///
  /// - Parameter physicalBits: the bits that physical addresses have: 36 or fewer are faster, and one
  ///   that has more than was said is taken for another.
  public init(_ geometry: CoreGeometry, memory: DescriptorMemory, physicalBits: Int = 52) {
    self.geometry = geometry
    self.memory = memory
    dataTLB = TLB(geometry.dataTLB)
    instructionTLB = TLB(geometry.instructionTLB)
    sharedTLB = TLB(geometry.sharedTLB ?? .absent)
    walkCache = TLB(geometry.walkCache ?? .absent)
    hasSharedTLB = geometry.sharedTLB != nil
    hasWalkCache = geometry.walkCache != nil
    let lineBits = physicalBits - geometry.dataCache.line.trailingZeroBitCount
    dataCache = LineCache(geometry.dataCache, lineBits: lineBits)
    instructionCache = LineCache(geometry.instructionCache, lineBits: lineBits)
    secondCache = LineCache(geometry.secondCache ?? .absent, lineBits: lineBits)
    lastCache = LineCache(geometry.lastCache ?? .absent, lineBits: lineBits)
    hasSecondCache = geometry.secondCache != nil
    hasLastCache = geometry.lastCache != nil
    secondPlaces = hasSecondCache ? secondCache.places : .none
    lastPlaces = hasLastCache ? lastCache.places : .none
    lineShift = UInt64(geometry.dataCache.line.trailingZeroBitCount)
    lineOffsets = UInt64(geometry.dataCache.line) - 1
    lineMask = 0x801f_ffff_ffff_ffff & ~(UInt64(geometry.dataCache.line) - 1)
  }

  /// Loads a translation regime and an address space's number, as a context switch does.
  ///
  /// TLBs keep what they hold: it is the ASID that tells address spaces apart.
  public mutating func load(_ regime: TranslationRegime?, asid: ASID) {
    self.regime = regime
    plan = WalkPlan(regime)
    self.asid = UInt64(asid.rawValue)
    forgetNearTranslations()
  }

  /// Where the access that was made last went, if it was to this page; for whoever checks.
  public func lastPhysicalAddress(of address: VirtualAddress, _ kind: AccessKind) -> UInt64? {
    let page = kind == .fetch ? fetchPage : dataPage
    guard address.rawValue & page.mask == page.base else { return nil }
    return page.translation.physical(address.rawValue, shift: page.shift)
  }
}

/// An access that the tables do not allow.
public struct ModelFault: BitwiseCopyable, Hashable, Sendable {
  public var address: VirtualAddress
  public var kind: AccessKind
  public var privilege: Privilege
  public var status: FaultStatus
}

/// The line used last of its kind, by virtual address.
struct NearLine: BitwiseCopyable {
  /// The line as a record names it, who asked for it, and the size that ``same`` is for.
  var word: UInt64
  /// The bits of a record, and of its last byte's, that have to be those of ``word``.
  var mask: UInt64
  /// The bits that are enough for a record of that size: aligned to it, it ends in its line.
  var same: UInt64 = .max

  /// No record is this: its first byte would be its last, and it has none; bit 62 is only fetches'.
  @inline(__always) static var none: Self { Self(word: 1 &<< 62, mask: .max) }

  /// Has records of this one's size be near that are aligned to it, where it lies in the line.
  ///
  /// For any size: if no bit of `offset` is one of `size - 1`, their sum is their union, and so in
  /// the line as both are. `offsets` is what an offset in a line may be.
  @inline(__always) mutating func expect(_ record: UInt64, _ offsets: UInt64) {
    let sizes: UInt64 = 127 &<< 53
    let low = (((record &>> 53) & 127) &- 1) & offsets
    word = word & ~(sizes | low) | record & sizes
    same = mask | sizes | low
  }
}

/// The page used last of its kind.
struct NearPage: BitwiseCopyable {
  /// The bits that say whether an address is on it, and what they are.
  var mask: UInt64 = 0
  var base: UInt64 = 1
  var shift: UInt64 = 12
  var translation = TLBTranslation(rawValue: 0)

  init() {}

  @inline(__always) init(_ address: UInt64, _ hit: TLBHit) {
    mask = ~0 &<< hit.shift
    base = address & mask
    shift = hit.shift
    translation = hit.translation
  }
}

extension CacheGeometry {
  /// What stands for a cache that is not there.
  static var absent: Self { Self(sets: 1, ways: 1, line: 64) }

  private init(sets: Int, ways: Int, line: Int) {
    self.sets = sets
    self.ways = ways
    self.line = line
    replacement = .leastRecentlyUsed
  }
}

extension TLBGeometry {
  /// What stands for a TLB that is not there.
  static var absent: Self { Self() }

  private init() {
    sets = 1
    ways = 1
    replacement = .leastRecentlyUsed
    sizes = 0
  }
}
