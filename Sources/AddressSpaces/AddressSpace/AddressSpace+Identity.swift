public import MemoryTypes

extension AddressSpace {
  /// What TTBR0 and TTBR1's ASID field hold while the space is loaded; the ASID is an older
  /// generation's if the space has not run for long.
  public var translation: (tables: PhysicalAddress, asid: ASID) {
    (root.address(pageSize), ASID(UInt16(truncatingIfNeeded: contextID)))
  }
}
