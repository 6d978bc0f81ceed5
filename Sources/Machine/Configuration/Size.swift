package import MemoryTypes

extension ByteCount {
  /// Reads a size from text; the rules are those of the parser of bytes.
  package init?(parsing text: some StringProtocol) { self.init(parsing: text.utf8) }

  /// The size for reading: at most four digits, rounded to one decimal, `24.1M`, `3.9K`.
  package var rounded: String {
    let units = ["K", "M", "G", "T", "P", "E"]
    guard let unit = units.indices.last(where: { rawValue >> (10 * UInt64($0) + 10) != 0 }) else {
      return "\(rawValue)"
    }
    let tenths = ((rawValue >> (10 * UInt64(unit))) * 10 + 512) >> 10
    return tenths % 10 == 0 || tenths >= 1000
      ? "\((tenths + 5) / 10)\(units[unit])" : "\(tenths / 10).\(tenths % 10)\(units[unit])"
  }
}

extension PageSize {
  /// Every page size, the smallest first.
  package static let all: [PageSize] = [.fourKiB, .sixteenKiB, .sixtyFourKiB]

  /// The page size of that many bytes.
  package init?(_ size: ByteCount) {
    guard let match = Self.all.first(where: { $0.bytes == size }) else { return nil }
    self = match
  }

  /// `4K`, `16K` or `64K`.
  package var text: String { bytes.description }
}

/// The number in hexadecimal, as addresses are written here.
package func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
