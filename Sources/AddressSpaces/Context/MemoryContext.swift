public import Arm64
public import BoardFormat
public import Files
public import KernelHeap
public import KernelLayout
public import MemoryTypes
public import PageFrames

/// What all address spaces share: frames, caches, the zero page, settings, promises, the running
/// task.
///
/// One of it lives in RAM.
@safe public struct MemoryContext<B: Board>: ~Copyable {
  let resident = Resident()
  public let board: B
  public let frames: KernelPointer<FrameAllocator<B>>
  public let files: KernelPointer<FileSystem<B>>
  public let slab: KernelPointer<SlabAllocator<B>>
  /// Where faults are counted for the tool to read.
  public let statistics: KernelPointer<Statistics>
  /// TASK_SIZE, STACK_TOP and the other constants of the user half.
  public let layout: KernelLayout
  /// `anon_vma`, `anon_vma_chain`, `vm_area_struct` and `mm_struct`, of Linux's sizes.
  let anonVMACache: ObjectCache<AnonVMA, B>
  let anonVMAChainCache: ObjectCache<AnonVMAChain, B>
  let areaCache: ObjectCache<VirtualMemoryArea, B>
  let spaceCache: ObjectCache<AddressSpace<B>, B>

  /// The frame of zeros that every first read of anonymous memory maps (`ZERO_PAGE(0)`).
  public let zeroPage: PageFrameNumber
  /// The frames under `[vvar]` and `[vdso]`, whole pages from the first on; the kernel's for ever.
  var specialFrames: InlineArray<7, (first: PageFrameNumber, count: PageCount)> =
    .init(repeating: (first: PageFrameNumber(0), count: PageCount(0)))

  /// `/proc/sys/vm`.
  public var settings = MemorySettings()
  /// All address spaces, for whoever looks through them (`lru_gen_mm_list`).
  public internal(set) var firstSpace: KernelPointer<AddressSpace<B>>?
  /// The pages promised to private memory.
  var privatePromises: Int64 = 0
  /// The memory of the task that runs; set at each switch.
  public var current: KernelPointer<TaskMemory<B>>
  /// System V shared memory; nil before its first use.
  public internal(set) var sharedMemory: KernelPointer<SharedMemory<B>>?
  public var sharedMemoryLimits = SharedMemoryLimits()

  /// The places in programs that are listened to; nil for none.
  public var probes: KernelPointer<ProbeTable>?

  /// The policies that areas have had.
  var policies = PolicyTable()

  var asids = ASIDAllocator()
  var gather = FrameGather()

  /// The memory of a machine without processes; nil without frames for it.
  public init?(
    board: B, frames: KernelPointer<FrameAllocator<B>>, slab: KernelPointer<SlabAllocator<B>>,
    files: KernelPointer<FileSystem<B>>, statistics: KernelPointer<Statistics>,
    layout: KernelLayout, current: KernelPointer<TaskMemory<B>>
  ) {
    guard
      let anonVMACache = slab.pointee.makeCache(
        of: AnonVMA.self, name: "anon_vma", linuxSize: ByteCount(96),
        options: [.account, .typesafeByRCU]),
      let anonVMAChainCache = slab.pointee.makeCache(
        of: AnonVMAChain.self, name: "anon_vma_chain", linuxSize: ByteCount(64),
        options: .account),
      let areaCache = slab.pointee.makeCache(
        of: VirtualMemoryArea.self, name: "vm_area_struct", linuxSize: ByteCount(144),
        options: .account),
      let spaceCache = slab.pointee.makeCache(
        of: AddressSpace<B>.self, name: "mm_struct", linuxSize: ByteCount(872),
        options: [.cacheAligned, .account, .alone]),
      let zeroPage = frames.pointee.allocate([.kernel, .zero])
    else { return nil }
    self.board = board
    self.frames = frames
    self.files = files
    self.slab = slab
    self.statistics = statistics
    self.layout = layout
    self.anonVMACache = anonVMACache
    self.anonVMAChainCache = anonVMAChainCache
    self.areaCache = areaCache
    self.spaceCache = spaceCache
    self.zeroPage = zeroPage
    self.current = current
  }
}
