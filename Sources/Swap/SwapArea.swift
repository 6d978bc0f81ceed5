public import Arm64
import KernelHeap
import MemoryTypes

/// One device or file that pages are swapped to (`struct swap_info_struct`).
///
/// Its state is guarded by the area's lock, as Linux's `si->lock`; it is reached through
/// ``SwapSpace`` alone.
///
///     inUse == the slots whose count is not free, bad ones left out
///     lowest <= every free slot <= highest, while any is free
@safe public struct SwapArea<B: Board>: ~Copyable {
  let resident = Resident()
  /// Its number in entries (`type`).
  let number: Int
  public internal(set) var device: SwapDevice<B>
  /// What `/proc/swaps` calls it, and the inode that was turned on, by its address.
  public let name: SwapName
  public let identity: UInt
  public internal(set) var priority: Int
  /// Slots, the header included, and those that can be used.
  public let maximum: UInt64
  public internal(set) var pages: UInt64
  public internal(set) var inUse: UInt64 = 0
  /// Where free slots are looked for.
  var lowest: UInt64 = 1
  var highest: UInt64
  /// New pages may go here (SWP_WRITEOK), and who allocates may be sent here.
  var isWritable = false
  var isAvailable = false
  let counts: FrameArray<UInt16, B>
  /// The memory group that a slot is charged to (`swap_cgroup`).
  let groups: FrameArray<UInt16, B>
  /// Pages that are in RAM and here, and what is remembered of those that went.
  var cache = PageTree()
  /// The place where the search goes on, and how many slots of the cluster are left there.
  var next: UInt64 = 1
  var leftInCluster: UInt64 = 0
  /// The clusters, where the device is a solid-state one.
  var clusters: SwapClusters<B>?

  init(
    number: Int, device: SwapDevice<B>, name: SwapName, identity: UInt, maximum: UInt64,
    counts: FrameArray<UInt16, B>, groups: FrameArray<UInt16, B>, clusters: SwapClusters<B>?
  ) {
    self.number = number
    self.device = device
    self.name = name
    self.identity = identity
    self.maximum = maximum
    self.counts = counts
    self.groups = groups
    self.clusters = clusters
    priority = 0
    pages = maximum &- 1
    highest = maximum &- 1
  }

  @inline(__always) func count(_ offset: UInt64) -> SwapCount {
    SwapCount(rawValue: counts[offset])
  }

  @inline(__always) func set(_ count: SwapCount, at offset: UInt64) {
    counts[offset] = count.rawValue
  }
}

/// The path of a swap area; longer ones are cut.
public struct SwapName: BitwiseCopyable, Sendable {
  public private(set) var bytes = InlineArray<64, UInt8>(repeating: 0)
  public private(set) var count = 0
  /// A partition, or a file: what `/proc/swaps` says.
  public var isDevice = true

  public init() {}

  public init(_ text: StaticString) {
    // SAFETY: a literal's bytes.
    for index in 0..<text.utf8CodeUnitCount { unsafe append(text.utf8Start[index]) }
  }

  public mutating func append(_ byte: UInt8) {
    guard count < 64 else { return }
    bytes[count] = byte
    count &+= 1
  }
}

extension SwapName: ExpressibleByStringLiteral {
  public init(stringLiteral text: StaticString) { self.init(text) }
}
