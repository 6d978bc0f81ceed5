import Arm64
import MemoryTypes
import PageFrames

/// Buffers that are blocks of frames (`kmalloc_large()`, `free_large_kmalloc()`).
extension SlabAllocator {
  @inline(never)
  func kmallocLarge(_ size: ByteCount, _ flags: GFP) -> UnsafeMutableRawPointer? {
    let board = frames.pointee.board
    // More than the largest block, whatever that is; before the sum could wrap.
    guard size <= ByteCount(1 &<< 40) else { return nil }
    let order = Order(holding: size.pagesNeeded(of: board.pageSize))
    guard let number = frames.pointee.allocate(order, flags.union(.compound)) else { return nil }
    frames.pointee.frame(number).pointee.mapping = Self.largeMark
    frames.pointee.count(.nr_slab_unreclaimable, by: Int(order.pages.rawValue))
    let start = unsafe board.pointer(to: frames.pointee.address(of: number))
    if let hooks = unsafe hooks {
      unsafe hooks.pointee.largeAllocated(
        hooks.pointee.context, start, Int(order.pages.bytes(of: board.pageSize).rawValue),
        Int(size.rawValue), flags.rawValue)
    }
    return unsafe start
  }

  /// Takes back a large buffer; false if none begins in the frame.
  @inline(never)
  func freeLarge(_ buffer: UnsafeMutableRawPointer, _ frame: KernelPointer<Frame>) -> Bool {
    if let hooks = unsafe hooks,
      unsafe hooks.pointee.largeFreed(hooks.pointee.context, buffer)
    {
      return true
    }
    guard isLarge(frame) else { return false }
    let order = Order(UInt64(frame.pointee.blockOrder))
    frames.pointee.count(.nr_slab_unreclaimable, by: -Int(order.pages.rawValue))
    frames.pointee.free(frames.pointee.number(of: frame), order)
    return true
  }

  /// Whether a large buffer begins in a frame.
  func isLarge(_ frame: KernelPointer<Frame>) -> Bool {
    frame.pointee.state == .kernel && frame.pointee.mapping == Self.largeMark
  }
}
