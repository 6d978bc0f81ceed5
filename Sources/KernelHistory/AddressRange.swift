package import MemoryTypes

/// A run of addresses that is never empty; it may reach the last one there is.
package struct AddressRange: Hashable, Sendable {
  package var first: VirtualAddress
  package var last: VirtualAddress

  package init(first: VirtualAddress, last: VirtualAddress) {
    self.first = first
    self.last = last
  }

  /// From `start` up to `end`, which does not belong to it; an end of 0 is the top of all addresses.
  package init(_ start: VirtualAddress, upTo end: VirtualAddress) {
    self.init(first: start, last: end - ByteCount(1))
  }

  package init(_ start: VirtualAddress, size: ByteCount) {
    self.init(start, upTo: start + size)
  }

  package init(size: ByteCount, upTo end: VirtualAddress) {
    self.init(end - size, upTo: end)
  }

  /// The first address behind it, 0 where there is none.
  package var end: VirtualAddress { last + ByteCount(1) }

  /// Its size less one byte, which always fits.
  package var sizeLessOne: UInt64 { last.rawValue - first.rawValue }

  package func contains(_ address: VirtualAddress) -> Bool {
    first <= address && address <= last
  }
}
