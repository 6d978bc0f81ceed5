package import MemoryTypes

/// A contiguous piece of RAM.
package struct MemoryBank: Hashable, Sendable {
  /// Where RAM begins on `virt` boards.
  package static let ramBase = PhysicalAddress(0x4000_0000)
  /// Banks begin and end on a multiple of the largest page.
  package static let granularity = ByteCount.kibibytes(64)

  package var start: PhysicalAddress
  package var length: ByteCount

  package init(start: PhysicalAddress, length: ByteCount) {
    self.start = start
    self.length = length
  }

  package var end: PhysicalAddress { start + length }

  /// The bank as it is written: `1G@0x40000000`.
  package var text: String { "\(length)@\(hexadecimal(start.rawValue))" }
}

extension [MemoryBank] {
  /// Reads `512M` or `1G@0x40000000,1G@0x100000000`.
  ///
  /// Each bank is `SIZE@ADDRESS`; a single one may leave its address out.
  package init(parsing text: String) throws(MachineError) {
    var banks: [MemoryBank] = []
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    for part in parts {
      let pieces = part.split(separator: "@", omittingEmptySubsequences: false)
      guard pieces.count <= 2, let length = ByteCount(parsing: pieces[0]),
        let start = pieces.count == 2
          ? ByteCount(parsing: pieces[1])
          : parts.count == 1 ? ByteCount(MemoryBank.ramBase.rawValue) : nil
      else {
        throw .usage(
          "--ram cannot be '\(text)'",
          hint: "write a size, 512M, or banks with addresses, 1G@0x40000000,1G@0x100000000")
      }
      banks.append(MemoryBank(start: PhysicalAddress(start.rawValue), length: length))
    }
    self = banks.sorted { $0.start < $1.start }
  }

  /// The bytes of all banks.
  package var total: ByteCount {
    ByteCount(reduce(0) { $0.addingReportingOverflow($1.length.rawValue).partialValue })
  }

  /// The banks as they are written.
  package var text: String { map(\.text).joined(separator: ",") }

  /// Refuses what the board cannot have.
  func check() throws(MachineError) {
    // Each length is bounded before anything is summed.
    let (least, most) = (ByteCount.mebibytes(32), ByteCount.gibibytes(64))
    if let bank = first(where: { $0.length > most }) {
      throw .usage("--ram: \(bank.text) is more than \(most), the most there can be")
    }
    guard total >= least else {
      throw .usage("--ram: \(total) is less than \(least), the least there can be")
    }
    guard total <= most else {
      throw .usage("--ram: \(total) is more than \(most), the most there can be")
    }
    guard let bank = first, bank.start == MemoryBank.ramBase, bank.length >= least else {
      throw .usage(
        "--ram: the first bank must begin at \(hexadecimal(MemoryBank.ramBase.rawValue)), where "
          + "the kernel is, and have at least \(least)")
    }
    let limit = PhysicalAddress(0x40_0000_0000)
    for (bank, next) in zip(self, dropFirst() + [MemoryBank(start: limit, length: .zero)]) {
      guard bank.start.rawValue % MemoryBank.granularity.rawValue == 0,
        bank.length.rawValue % MemoryBank.granularity.rawValue == 0, bank.length != .zero
      else { throw .usage("--ram: \(bank.text) is not a multiple of 64K at a multiple of 64K") }
      guard bank.start < limit, bank.end <= limit else {
        throw .usage("--ram: \(bank.text) is beyond \(hexadecimal(limit.rawValue))")
      }
      guard bank.end <= next.start else {
        throw .usage("--ram: \(bank.text) and \(next.text) overlap")
      }
    }
  }
}
