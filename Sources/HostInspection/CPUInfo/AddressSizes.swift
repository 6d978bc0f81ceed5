package import MemoryTypes

/// `address sizes : 48 bits physical, 57 bits virtual`, and what can be addressed with them.
package struct AddressSizes: Equatable, Sendable {
  package var physicalBits: UInt64
  package var virtualBits: UInt64

  /// Reads the value; nil for any other text or bits that no machine has.
  package init?(_ value: String) {
    let words = value.split(whereSeparator: { $0 == " " || $0 == "," })
    guard words.count == 6, words[1] == "bits", words[2] == "physical", words[4] == "bits",
      words[5] == "virtual", let physical = UInt64(words[0]), let virtual = UInt64(words[3]),
      (20...63).contains(physical), (32...63).contains(virtual)
    else { return nil }
    physicalBits = physical
    virtualBits = virtual
  }

  /// What can be on the memory bus.
  package var physical: ByteCount { ByteCount(1 << physicalBits) }

  /// The bytes that virtual addresses tell apart.
  package var virtual: ByteCount { ByteCount(1 << virtualBits) }

  /// The half that is a program's: on x86 the sign bit is one of the virtual bits, so that each
  /// half has one bit less.
  package var userHalf: ByteCount { ByteCount(1 << (virtualBits - 1)) }

  /// The levels of page tables: nine bits each above the twelve of a 4K page.
  package var levels: UInt64 { virtualBits <= 32 ? 2 : (virtualBits - 12 + 8) / 9 }

  /// In a sentence.
  package var meaning: String {
    virtualBits <= 32
      ? "at most \(physical) of RAM and devices; programs and kernel share \(virtual)"
      : "at most \(physical) of RAM and devices; \(virtual) of virtual addresses in two halves, "
        + "\(userHalf) for the program and \(userHalf) for the kernel, \(levels) levels of tables"
  }
}
