public import Arm64
public import MemoryTypes

/// The owner of all page frames: zones, buddy lists, per-CPU lists, watermarks, counters.
public struct FrameAllocator<B: Board>: ~Copyable {
  public let board: B
  public let frames: FrameTable
  public let geometry: BlockGeometry
  @usableFromInline var stats: InlineArray<256, Int>

  /// What the machine asks of the allocator when it starts.
  public struct Options: BitwiseCopyable, Sendable {
    /// The frame table's memory is all zeros, so it need not be cleared.
    public var ramIsZero = false
    /// Frames are held back until MemTotal is this; zero holds back nothing.
    public var memTotal = ByteCount.zero
    /// Huge pages are on, which raises the watermarks.
    public var hugePages = false
    public var cpus = 1

    public init() {}
  }

  /// Starts the allocator in memory taken from the map, and gives it all that is not reserved.
  ///
  /// The frame table must be mapped (``MemoryMap/populateFrameTable(_:)``). Nil if there is too
  /// little RAM.
  public static func start(
    board: B, map: inout MemoryMap, frames: FrameTable, options: Options = Options()
  ) -> KernelPointer<Self>? {
    nil
  }

  /// Allocates a block; nil if there is none that `flags` may take.
  ///
  /// The first frame's reference count is 1, its state ``Frame/State/kernel``.
  public mutating func allocate(_ order: Order, _ flags: GFP) -> PageFrameNumber? { nil }

  /// Allocates one frame: the straight-line path.
  public mutating func allocate(_ flags: GFP) -> PageFrameNumber? { nil }

  /// Takes back a block, whatever its first frame's reference count.
  public mutating func free(_ number: PageFrameNumber, _ order: Order) {}

  /// Takes back one frame: the straight-line path.
  public mutating func free(_ number: PageFrameNumber) {}

  /// Drops one reference to a frame, and frees it with the last (`put_page()`).
  public mutating func release(_ number: PageFrameNumber) {}

  /// Gives a range that was reserved at boot to the allocator (`free_reserved_area()`).
  public mutating func adopt(_ range: PhysicalRange) {}

  /// Returns all per-CPU lists to the buddy lists (`drain_all_pages()`).
  public mutating func drain() {}

  /// The entry of a frame.
  @inlinable public func frame(_ number: PageFrameNumber) -> KernelPointer<Frame> {
    frames[number]
  }

  /// The number of the frame with that entry.
  @inlinable public func number(of frame: KernelPointer<Frame>) -> PageFrameNumber {
    frames.number(of: frame)
  }

  /// The address of a frame's first byte.
  @inlinable public func address(of number: PageFrameNumber) -> PhysicalAddress {
    number.address(geometry.pageSize)
  }

  /// Adds to a counter of the node, or an event.
  @inlinable public mutating func count(_ item: VMStat, by n: Int = 1) {
    stats[Int(item.rawValue)] &+= n
  }

  /// Adds to a counter of the zone that a frame is in.
  @inlinable public mutating func count(_ item: VMStat, of number: PageFrameNumber, by n: Int) {
  }

  /// A counter's value, for all zones together.
  public func statistic(_ item: VMStat) -> Int { stats[Int(item.rawValue)] }

  /// All frames that the allocator manages: MemTotal.
  public var managed: PageCount { .zero }

  /// Frames that nobody has, those on per-CPU lists included.
  public var unused: PageCount { .zero }

  /// Frames in the buddy lists: MemFree.
  public var free: PageCount { .zero }

  /// Traps if the lists, the counters and the frames do not agree.
  public func checkInvariants() {}
}
