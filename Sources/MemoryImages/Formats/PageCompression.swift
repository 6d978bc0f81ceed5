import CompressionLibraries

/// How a page is stored in a kdump-compressed file (DUMP_DH_COMPRESSED_*).
enum PageCompression: UInt32, CaseIterable {
  case none = 0
  case zlib = 0x1
  case lzo = 0x2
  case snappy = 0x4
  case zstd = 0x20

  /// Of a page descriptor's flags; nil where they name several or an unknown one.
  init?(flags: UInt32) {
    // DUMP_DH_COMPRESSED_INCOMPLETE and DUMP_DH_EXCLUDED_VMEMMAP say nothing about the bytes.
    self.init(rawValue: flags & ~(0x8 | 0x10))
  }

  /// The page, or nil where the bytes are not one of that size.
  func decompress(_ bytes: [UInt8], to size: Int) -> [UInt8]? {
    if self == .none { return bytes.count == size ? bytes : nil }
    var page = [UInt8](repeating: 0, count: size)
    let count = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe page.withUnsafeMutableBufferPointer { target in
        unsafe length(source, target)
      }
    }
    return count == size ? page : nil
  }

  /// Decompresses, never beyond the target, and returns how much it was.
  private func length(
    _ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>
  ) -> Int? {
    switch self {
    case .none: return nil
    case .zlib:
      var count = uLongf(target.count)
      let result = unsafe uncompress(
        target.baseAddress, &count, source.baseAddress, uLong(source.count))
      return result == Z_OK ? Int(count) : nil
    case .lzo:
      var count = lzo_uint(target.count)
      let result = unsafe lzo1x_decompress_safe(
        source.baseAddress, lzo_uint(source.count), target.baseAddress, &count, nil)
      return result == LZO_E_OK ? Int(count) : nil
    case .snappy:
      var count = target.count
      let result = unsafe source.withMemoryRebound(to: CChar.self) { from in
        unsafe target.withMemoryRebound(to: CChar.self) { to in
          unsafe snappy_uncompress(from.baseAddress, from.count, to.baseAddress, &count)
        }
      }
      return result == SNAPPY_OK ? count : nil
    case .zstd:
      let result = unsafe ZSTD_decompress(
        target.baseAddress, target.count, source.baseAddress, source.count)
      return ZSTD_isError(result) == 0 ? result : nil
    }
  }
}
