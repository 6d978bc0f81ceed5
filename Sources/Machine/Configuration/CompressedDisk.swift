package import MemoryTypes
package import PageCompressors

/// The disk of compressed pages that a machine swaps to: `SIZE` or `SIZE:FORMAT`.
package struct CompressedDisk: Hashable, Sendable {
  package var size: ByteCount
  package var compressor: PageCompressor

  /// Reads `256M` or `256M:lz4`; lzo-rle where no format is named, as on Linux 6.1.
  package init(parsing text: String) throws(MachineError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let size = ByteCount(parsing: first) else {
      throw .usage("--zram cannot be '\(text)'", hint: "write a size, 256M, or 256M:lz4")
    }
    self.size = size
    guard parts.count == 2 else {
      compressor = .lzoRLE
      return
    }
    guard let named = PageCompressor.allCases.first(where: { "\($0.name)" == parts[1] }) else {
      let all = PageCompressor.allCases.map { "\($0.name)" }.joined(separator: ", ")
      throw .usage("--zram: there is no format '\(parts[1])'", hint: "there are \(all)")
    }
    compressor = named
  }
}
