import Arm64
import MemoryTypes
import PageFrames

/// Memory in which each cache has a ``SlabCPU`` for every processor.
///
/// It is what the chunks of mm/percpu.c are to SLUB; meminfo's `Percpu` is its frames.
///
/// Slots are cut from whole frames and never move; those of destroyed caches are chained by their
/// first word and used again. To be guarded by whatever guards the list of caches (`slab_mutex`).
@safe struct PerCPUStore {
  static var entry: Int { MemoryLayout<SlabCPU>.stride }
  var free: UnsafeMutableRawPointer?
  var frames = PageCount(0)
  let slot: Int

  init(cpus: Int) {
    unsafe free = nil
    slot = Self.entry &* max(cpus, 1)
  }

  /// The structures of all processors for a new cache; nil if there is no memory.
  mutating func take<B: Board>(
    _ allocator: KernelPointer<FrameAllocator<B>>
  ) -> UnsafeMutablePointer<SlabCPU>? {
    if unsafe free == nil { grow(allocator) }
    guard let memory = unsafe free else { return nil }
    // SAFETY: a free slot's first word is the next one's address; the slot is now the caller's.
    unsafe free = memory.load(as: UnsafeMutableRawPointer?.self)
    let cpus = unsafe memory.bindMemory(to: SlabCPU.self, capacity: slot / Self.entry)
    for index in 0..<slot / Self.entry {
      unsafe (cpus + index).initialize(to: SlabCPU())
      unsafe KernelPointer(cpus + index).partial.clear()
    }
    return unsafe cpus
  }

  mutating func give(_ cpus: UnsafeMutablePointer<SlabCPU>) {
    let memory = UnsafeMutableRawPointer(cpus)
    unsafe memory.storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
    unsafe free = memory
  }

  /// Cuts a frame into slots, the first one in front.
  private mutating func grow<B: Board>(_ allocator: KernelPointer<FrameAllocator<B>>) {
    guard let number = allocator.pointee.allocate([.kernel]) else { return }
    frames += PageCount(1)
    let board = allocator.pointee.board
    let start = unsafe board.pointer(to: allocator.pointee.address(of: number))
    var offset = (Int(board.pageSize.bytes.rawValue) / slot &- 1) &* slot
    while offset >= 0 {
      // SAFETY: the frame is ours, and the slot lies in it.
      unsafe (start + offset).storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
      unsafe free = start + offset
      offset &-= slot
    }
  }
}
