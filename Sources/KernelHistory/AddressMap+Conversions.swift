package import MemoryTypes

/// From one view of a frame to another; each wraps where the frame does not exist.
extension AddressMap {
  /// The physical address that the linear map has at an address (`__virt_to_phys`).
  package func physicalAddress(ofLinear address: VirtualAddress) -> PhysicalAddress {
    PhysicalAddress(
      address.rawValue &- kernel.pageOffset.rawValue &+ memoryStart.rawValue)
  }

  /// Where the linear map has a physical address (`__phys_to_virt`); nil beyond its ends.
  package func linearAddress(of address: PhysicalAddress) -> VirtualAddress? {
    let linear = VirtualAddress(
      address.rawValue &- memoryStart.rawValue &+ kernel.pageOffset.rawValue)
    return kernel.memory.contains(linear) ? linear : nil
  }

  /// The number of the frame whose `struct page` is first in vmemmap.
  private var firstFrame: UInt64 {
    // The subtraction of a 52-bit kernel makes it negative: an arithmetic shift keeps it so.
    kernel.countsFramesFromZero
      ? 0
      : UInt64(
        bitPattern: Int64(bitPattern: memoryStart.rawValue) >> configuration.pageSize.shift)
  }

  /// The `struct page` of a frame (`pfn_to_page`); nil outside vmemmap.
  package func pageStructure(of frame: PageFrameNumber) -> VirtualAddress? {
    let index = frame.rawValue &- firstFrame
    let address = kernel.vmemmapBase + ByteCount(index &* configuration.structPageSize)
    return kernel.vmemmap.contains(address) ? address : nil
  }

  /// The `struct page` of the frame at an address of the linear map, in vmemmap or not.
  func pageStructure(ofLinear address: VirtualAddress) -> VirtualAddress {
    let frame = PageFrameNumber(
      containing: physicalAddress(ofLinear: address), configuration.pageSize)
    return kernel.vmemmapBase
      + ByteCount((frame.rawValue &- firstFrame) &* configuration.structPageSize)
  }

  /// The frame whose `struct page` holds an address of vmemmap (`page_to_pfn`), and how far into the
  /// structure the address points.
  package func frame(ofPageStructure address: VirtualAddress) -> (PageFrameNumber, ByteCount) {
    let distance = (address - kernel.vmemmapBase).rawValue
    let (index, offset) = distance.quotientAndRemainder(
      dividingBy: configuration.structPageSize)
    return (PageFrameNumber(index &+ firstFrame), ByteCount(offset))
  }

  /// Where KASAN keeps what it knows of an address of the kernel half (`kasan_mem_to_shadow`).
  package func shadow(of address: VirtualAddress) -> VirtualAddress? {
    guard let shadowOffset, let shadow = kernel.kasan else { return nil }
    let place =
      VirtualAddress(
        shadowOffset.rawValue &+ address.rawValue >> configuration.kasan.shadowScale)
    return shadow.contains(place) ? place : nil
  }

  /// The bytes of the kernel half that a byte of shadow speaks of (`kasan_shadow_to_mem`).
  package func addresses(ofShadow address: VirtualAddress) -> AddressRange? {
    guard let shadowOffset else { return nil }
    let scale = configuration.kasan.shadowScale
    let first = VirtualAddress((address - shadowOffset).rawValue << scale)
    return AddressRange(first, size: ByteCount(1 << scale))
  }
}
