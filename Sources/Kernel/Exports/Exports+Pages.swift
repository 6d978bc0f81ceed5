import KernelAssembly
import MemoryTypes
import PageFrames

// Frames (include/linux/gfp.h, mm.h). A module's `struct page *` is the frame's entry in vmemmap.

extension Exports {
  /// The frame of a module's `struct page *`.
  @inline(__always)
  static func number(_ page: UnsafeMutableRawPointer) -> PageFrameNumber {
    // SAFETY: modules have no other pointers of this type than those that they were given.
    unsafe frames.pointee.number(of: KernelPointer(page.assumingMemoryBound(to: Frame.self)))
  }

  /// The frame under an address of the linear map.
  @inline(__always)
  static func number(under address: UInt) -> PageFrameNumber {
    PageFrameNumber(
      containing: PhysicalAddress(UInt64(address) &- kernel_parameters.linear_offset),
      VirtBoard().pageSize)
  }

  /// Where a frame's bytes are.
  @inline(__always)
  static func address(_ number: PageFrameNumber) -> UInt {
    UInt(number.address(VirtBoard().pageSize).rawValue &+ kernel_parameters.linear_offset)
  }
}

@_cdecl("alloc_pages")
func allocPages(_ flags: UInt32, _ order: UInt32) -> UnsafeMutableRawPointer? {
  let frames = Exports.frames
  guard let number = frames.pointee.allocate(Order(UInt64(order)), GFP(rawValue: flags)) else {
    return nil
  }
  return unsafe frames.pointee.frame(number).raw
}

@_cdecl("__free_pages")
func freePages(_ page: UnsafeMutableRawPointer?, _ order: UInt32) {
  guard let page = unsafe page else { return }
  unsafe Exports.frames.pointee.free(Exports.number(page), Order(UInt64(order)))
}

@_cdecl("__get_free_pages")
func getFreePages(_ flags: UInt32, _ order: UInt32) -> UInt {
  let number = Exports.frames.pointee.allocate(
    Order(UInt64(order)), GFP(rawValue: flags & ~GFP.highMemory.rawValue))
  return number.map { Exports.address($0) } ?? 0
}

@_cdecl("free_pages")
func freePages(at address: UInt, _ order: UInt32) {
  guard address != 0 else { return }
  Exports.frames.pointee.free(Exports.number(under: address), Order(UInt64(order)))
}

@_cdecl("page_address")
func pageAddress(_ page: UnsafeMutableRawPointer) -> UInt {
  unsafe Exports.address(Exports.number(page))
}

@_cdecl("virt_to_page")
func virtToPage(_ address: UInt) -> UnsafeMutableRawPointer {
  unsafe Exports.frames.pointee.frame(Exports.number(under: address)).raw
}

@_cdecl("page_to_pfn")
func pageToPFN(_ page: UnsafeMutableRawPointer) -> UInt {
  unsafe UInt(Exports.number(page).rawValue)
}

@_cdecl("kilburn_page_shift")
func pageShift() -> UInt32 { UInt32(VirtBoard().pageSize.shift) }

@_cdecl("kilburn_linear_offset")
func linearOffset() -> UInt { UInt(kernel_parameters.linear_offset) }
