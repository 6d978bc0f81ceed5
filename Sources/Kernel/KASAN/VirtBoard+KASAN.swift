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
    case .released(let free): releaseShadow(address, length, in: free)
    }
    return true
  }

  /// Gives a range of the vmalloc and module regions a shadow of its own.
  private func populateShadow(_ start: VirtualAddress, _ length: ByteCount) -> Bool {
    guard let frames = KASANBoard.frames, let tables = shadowTables else { return true }
    let first = shadow(of: start).alignedDown(to: pageSize)
    let last = shadow(of: start + length).alignedUp(to: pageSize)
    return tables.pointee.populate(first..<last) {
      frames.pointee.allocate([.kernel, .zero])?.address(pageSize)
    } filled: { page, _ in
      // SAFETY: the frame was just taken.
      unsafe pointer(to: page).initializeMemory(
        as: UInt8.self, repeating: ShadowValue.vmallocInvalid.rawValue,
        count: Int(pageSize.bytes.rawValue))
    }
  }

  /// Gives back the shadow that speaks of free addresses alone (`kasan_release_vmalloc()`): of the
  /// pages at its ends that what lies beside them in the free range is no other's.
  private func releaseShadow(
    _ start: VirtualAddress, _ length: ByteCount, in free: Range<VirtualAddress>
  ) {
    guard let frames = KASANBoard.frames, let tables = shadowTables else { return }
    let first = max(
      shadow(of: start).alignedDown(to: pageSize),
      shadow(of: free.lowerBound).alignedUp(to: pageSize))
    let last = min(
      shadow(of: start + length).alignedUp(to: pageSize),
      shadow(of: free.upperBound).alignedDown(to: pageSize))
    guard first < last else { return }
    tables.pointee.release(first..<last) { page in
      frames.pointee.free(PageFrameNumber(containing: page, pageSize))
    }
  }

  private var shadowTables: KernelPointer<ShadowTables<VirtBoard>>? {
    // SAFETY: start-up stores the address of tables that stay.
    guard
      let place = unsafe UnsafeMutablePointer<ShadowTables<VirtBoard>>(
        bitPattern: UInt(kasan_board().pointee.tables))
    else { return nil }
    return unsafe KernelPointer(place)
  }

  private func shadow(of address: VirtualAddress) -> VirtualAddress {
    unsafe VirtualAddress((address.rawValue &>> 3) &+ kasan_board().pointee.offset)
  }
}
#endif
