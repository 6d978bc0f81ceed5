package import MemoryTypes

/// RAM byte by byte, from a base that is not written in it.
package final class RawImage: MemoryImage {
  private let file: MappedFile
  private let base: PhysicalAddress

  package init(_ file: MappedFile, base: PhysicalAddress) throws(ImageError) {
    guard !base.rawValue.addingReportingOverflow(file.length).overflow else {
      throw .malformed(
        "\(file.length) bytes of RAM do not fit above \(Hex(base.rawValue))", offset: 0)
    }
    self.file = file
    self.base = base
  }

  package var format: String { "raw image" }
  package var ranges: [Range<PhysicalAddress>] { [base..<base + ByteCount(file.length)] }
  package var capacity: UInt64 { file.length }
  package var notes: VMCoreInfo? { nil }

  package func read(_ address: PhysicalAddress, into buffer: UnsafeMutableRawBufferPointer)
    throws(ImageError)
  {
    let offset = address.rawValue &- base.rawValue
    guard address >= base, file.holds(offset, UInt64(buffer.count)) else {
      throw .absent(address)
    }
    try unsafe file.read(offset, into: buffer, "RAM")
  }
}
