import Glibc
package import HardwareModel
package import MemoryTypes

/// Physical memory of which only descriptors are known: a mapping that takes no room but for the
/// tables that were told.
@safe
package final class SparseMemory {
  package let range: Range<PhysicalAddress>
  /// SAFETY: the whole range is mapped here until deinit; every access is checked against it.
  private let base: UnsafeMutableRawPointer
  private let length: Int

  /// Nil where the host has no addresses left for it.
  package init?(_ range: Range<PhysicalAddress>) {
    self.range = range
    length = Int(range.upperBound.rawValue - range.lowerBound.rawValue)
    guard
      let mapping = unsafe mmap(
        nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      unsafe mapping != MAP_FAILED
    else { return nil }
    unsafe base = mapping
  }

  deinit { unsafe munmap(base, length) }

  /// What a model walks; this has to outlive it.
  package var descriptors: DescriptorMemory {
    unsafe DescriptorMemory(UnsafeRawPointer(base), range)
  }

  @inline(__always) private func offset(_ address: PhysicalAddress) -> Int? {
    let offset = address.rawValue &- range.lowerBound.rawValue
    guard offset & 7 == 0, offset <= UInt64(length) &- 8 else { return nil }
    return Int(offset)
  }

  /// The descriptor at an address; nil where there is no memory.
  package func descriptor(at address: PhysicalAddress) -> UInt64? {
    offset(address).map { unsafe base.load(fromByteOffset: $0, as: UInt64.self) }
  }

  /// Changes one; false where there is no memory.
  package func set(_ word: UInt64, at address: PhysicalAddress) -> Bool {
    guard let offset = offset(address) else { return false }
    unsafe base.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
    return true
  }
}
