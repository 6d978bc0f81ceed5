#if KASAN
public import Arm64
import KernelAssembly
import KernelHeap
public import MemoryTypes
import PageFrames

/// What the allocators tell the sanitizer.
extension VirtBoard {
  public func framesChanged(
    at address: PhysicalAddress, _ length: ByteCount, areFree: Bool
  ) {
    guard let kasan = KASAN.ofBoard else { return }
    let start = address.rawValue &+ kernel_parameters.linear_offset
    if areFree {
      kasan.pointee.pagesFreed(start, bytes: length.rawValue)
    } else {
      kasan.pointee.pagesAllocated(start, bytes: length.rawValue)
    }
  }

  public func areaChanged(
    _ change: AreaChange, at address: VirtualAddress, _ length: ByteCount
  ) -> Bool {
    guard let kasan = KASAN.ofBoard else { return true }
    switch change {
    case .placed:
      guard populateShadow(address, length) else { return false }
      kasan.pointee.areaClosed(address.rawValue, bytes: length.rawValue)
    case .opened: kasan.pointee.areaOpened(address.rawValue, bytes: length.rawValue)
    case .closed: kasan.pointee.areaClosed(address.rawValue, bytes: length.rawValue)
    }
    return true
  }

  /// Gives a range of the vmalloc and module regions a shadow of its own.
  private func populateShadow(_ start: VirtualAddress, _ length: ByteCount) -> Bool {
    guard let frames = KASANBoard.frames,
      let tables = unsafe UnsafePointer<ShadowTables<VirtBoard>>(
        bitPattern: UInt(kasan_board().pointee.tables))
    else { return true }
    let offset = unsafe kasan_board().pointee.offset
    let first = VirtualAddress((start.rawValue &>> 3) &+ offset).alignedDown(to: pageSize)
    let last = VirtualAddress(((start + length).rawValue &>> 3) &+ offset).alignedUp(to: pageSize)
    return unsafe tables.pointee.populate(first..<last) {
      frames.pointee.allocate([.kernel, .zero])?.address(pageSize)
    } filled: { page, _ in
      // SAFETY: the frame was just taken.
      unsafe pointer(to: page).initializeMemory(
        as: UInt8.self, repeating: ShadowValue.vmallocInvalid.rawValue,
        count: Int(pageSize.bytes.rawValue))
    }
  }
}
#endif
