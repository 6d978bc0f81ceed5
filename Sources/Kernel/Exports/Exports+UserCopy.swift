import Arm64
import KernelAssembly
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import Tasks

// What the checks of copies from and to programs ask (KernelAssembly/Hardening.c).

/// Describes the memory that an address lies in (mm/usercopy.c: check_heap_object()).
@_cdecl("kernel_copy_object")
func describeCopyObject(_ address: UInt64, _ object: UnsafeMutablePointer<CopyObject>) {
  unsafe object.pointee.kind = 0
  let board = VirtBoard()
  let place = VirtualAddress(address)
  if Exports.vmalloc.pointee.isVMalloc(place) {
    guard let area = Exports.vmalloc.pointee.description(of: place) else {
      unsafe object.pointee.kind = 4
      return
    }
    unsafe object.pointee.kind = 3
    unsafe object.pointee.offset = address &- area.pointee.start.rawValue
    // With the guard page, as Linux has it.
    unsafe object.pointee.size = area.pointee.size.rawValue
    return
  }
  // virt_addr_valid().
  guard place.isKernelHalf, place < Kernel.state.layout.modulesStart, Oops.canRead(address),
    Oops.canRead(
      UInt64(Exports.frames.pointee.frame(Exports.number(under: UInt(address))).address))
  else { return }
  if let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(address)),
    let region = unsafe Exports.slab.pointee.userRegion(at: pointer)
  {
    unsafe object.pointee.kind = 1
    unsafe object.pointee.offset = region.offset
    unsafe object.pointee.user_offset = region.start
    unsafe object.pointee.user_size = region.length
    unsafe withUnsafeMutableBytes(of: &object.pointee.name) { name in
      let count = min(region.name.count, name.count &- 1)
      unsafe name.copyMemory(from: UnsafeRawBufferPointer(rebasing: region.name.bytes[..<count]))
      unsafe name[count] = 0
    }
  } else if let block = Exports.block(around: Exports.number(under: UInt(address))) {
    unsafe object.pointee.kind = 2
    let start = UInt64(Exports.address(block.start))
    unsafe object.pointee.offset = address &- start
    unsafe object.pointee.size = block.order.pages.bytes(of: board.pageSize).rawValue
  }
}

extension Exports {
  /// The block of several frames that the kernel took as one, and a frame lies in.
  ///
  /// Linux knows those that were asked for with `__GFP_COMP`; here all are known.
  fileprivate static func block(
    around number: PageFrameNumber
  ) -> (start: PageFrameNumber, order: Order)? {
    for order in 1...10 {
      let first = PageFrameNumber(number.rawValue & ~(1 &<< UInt64(order) &- 1))
      let frame = frames.pointee.frame(first)
      guard frame.pointee.state == .kernel, Int(frame.pointee.blockOrder) >= order else { continue }
      return (first, Order(UInt64(frame.pointee.blockOrder)))
    }
    return nil
  }
}

/// The stack of the task that the kernel works for (`task_stack_page()`).
@_cdecl("kernel_stack_start")
func kernelStackStart() -> UInt64 { Oops.taskStack.lowerBound }

@_cdecl("kernel_stack_end")
func kernelStackEnd() -> UInt64 { Oops.taskStack.upperBound }
