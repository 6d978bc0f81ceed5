package import KernelHistory
import MemoryTypes

/// What `kilburn layout` shows: a map of all addresses, and the image in it.
package struct LayoutReport: Sendable {
  package let map: AddressMap
  package let symbols: KernelSymbols?

  package init(_ map: AddressMap, symbols: KernelSymbols? = nil) {
    self.map = map
    self.symbols = symbols
  }

  /// A line of the table: a region, or a section of the image inside one.
  struct Row: Equatable {
    var name: String
    var range: AddressRange
    var note: String
    var isSection = false
  }

  /// Top to bottom; a section comes behind the region that it lies in.
  var rows: [Row] {
    let sections = (symbols?.sections ?? []).map {
      Row(name: $0.name, range: $0.range, note: $0.note, isSection: true)
    }
    return map.regions.reversed().flatMap { region in
      [Row(name: region.kind.rawValue, range: region.range, note: map.note(of: region))]
        + sections.filter { region.range.contains($0.range.first) }.reversed()
    }
  }

  /// `Linux 6.1, 4K pages, 48 bits, KASAN generic`.
  package var title: String {
    let configuration = map.configuration
    var title =
      "Linux \(configuration.version), \(configuration.pageSize.bytes) pages, "
      + "\(configuration.vaBits) bits"
    if configuration.isLargeForUserOnly { title += " for programs, 48 for the kernel" }
    if configuration.actualVABits != configuration.vaBits {
      title += " on a machine with \(configuration.actualVABits)"
    }
    if configuration.kasan != .none { title += ", KASAN \(configuration.kasan.rawValue)" }
    return title
  }
}

extension AddressRange {
  /// The size for reading, `128T`; the whole space's would not fit a count.
  var sizeText: String { ByteCount(sizeLessOne == .max ? .max : sizeLessOne + 1).binary }
}

extension ByteCount {
  /// The size as the kernel writes it, the largest unit first: exact where it is short, else rounded
  /// down to one decimal, `4108K`, `127.9T`.
  var binary: String {
    let exact = description
    if exact.count <= 5 { return exact }
    let units = ["", "K", "M", "G", "T", "P", "E"]
    let unit = (63 - UInt64(rawValue.leadingZeroBitCount)) / 10
    let whole = rawValue >> (10 * unit)
    let rest = (rawValue >> (10 * (unit - 1))) & 1023
    let tenth = (rest * 10) >> 10
    return tenth == 0 ? "\(whole)\(units[Int(unit)])" : "\(whole).\(tenth)\(units[Int(unit)])"
  }
}

/// 16 hexadecimal digits, as the kernel prints an address.
func digits(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
