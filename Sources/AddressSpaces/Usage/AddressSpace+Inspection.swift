import Arm64
public import MemoryTypes

/// What `/proc` looks up in an address space.
extension AddressSpace {
  /// The lowest area that ends above an address (`find_vma()`).
  public mutating func area(
    endingAbove address: VirtualAddress
  ) -> KernelPointer<VirtualMemoryArea>? {
    areas.area(endingAbove: address)
  }
}
