package import MemoryTypes

/// The names of an image, read from its `System.map`.
package struct KernelSymbols: Sendable {
  /// In ascending order.
  package let symbols: [Symbol]
  private let places: [String: VirtualAddress]

  /// One symbol.
  package struct Symbol: Hashable, Sendable {
    package var address: VirtualAddress
    package var name: String
  }

  /// Reads lines of `address type name`; nil where no line has that form.
  package init?(systemMap bytes: [UInt8]) {
    var symbols: [Symbol] = []
    var places: [String: VirtualAddress] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "))
      guard words.count == 3, words[1].count == 1,
        let address = UInt64(String(decoding: words[0], as: UTF8.self), radix: 16)
      else { continue }
      let name = String(decoding: words[2], as: UTF8.self)
      places[name] = places[name] ?? VirtualAddress(address)
      // Absolute symbols are numbers and no places, and `$x` marks kinds of bytes.
      if words[1].first.map({ $0 | 0x20 }) != UInt8(ascii: "a"), !name.hasPrefix("$") {
        symbols.append(Symbol(address: VirtualAddress(address), name: name))
      }
    }
    guard !symbols.isEmpty else { return nil }
    self.symbols = symbols.sorted { $0.address < $1.address }
    self.places = places
  }

  /// The first symbol of that name.
  package subscript(name: String) -> VirtualAddress? { places[name] }

  /// The last symbol at or below an address of the image, `_text` to `_end`.
  package func symbol(of address: VirtualAddress) -> Symbol? {
    if let text = self["_text"], let end = self["_end"], address < text || address >= end {
      return nil
    }
    var (low, high) = (0, symbols.count)
    while low < high {
      let middle = (low + high) / 2
      if symbols[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : symbols[low - 1]
  }

  /// A section of the image, as the kernel's own log names them (mm/init.c:mem_init).
  package struct Section: Hashable, Sendable {
    package var name: String
    package var range: AddressRange
    package var note: String
  }

  /// The sections that the symbols tell of, in ascending order.
  package var sections: [Section] {
    func section(_ name: String, _ start: String, _ ends: [String], _ note: String) -> Section? {
      guard let first = self[start] else { return nil }
      guard let end = ends.lazy.compactMap({ self[$0] }).first(where: { $0 > first }) else {
        return nil
      }
      return Section(name: name, range: AddressRange(first, upTo: end), note: note)
    }
    return [
      section(".text", "_text", ["_etext"], "_text to _etext: code"),
      // Before 4.6 it is a part of .text.
      section(
        ".rodata", "__start_rodata", ["__init_begin", "_etext"],
        "__start_rodata to __init_begin: constants"),
      section(
        ".init", "__init_begin", ["__init_end"], "__init_begin to __init_end: freed after boot"),
      section(".data", "_sdata", ["_edata"], "_sdata to _edata"),
      section(".bss", "__bss_start", ["__bss_stop"], "__bss_start to __bss_stop: zero at boot"),
    ].compactMap { $0 }.sorted { $0.range.first < $1.range.first }
  }
}
