package import KernelHistory

/// What an oops or a boot log says of the kernel that wrote it.
package struct OopsFacts: Equatable, Sendable {
  package var version: KernelVersion?
  package var pageShift: UInt64?
  package var vaBits: UInt64?
  package var kasan: KASANMode?
  package var physicalOffset: UInt64?
  package var kernelOffset: UInt64?

  package var isEmpty: Bool { self == OopsFacts() }

  package init() {}

  /// Reads `Linux version 6.1.0`, `Not tainted 6.1.0`, `4k pages, 48-bit VAs`, `PHYS_OFFSET: 0x…`
  /// and `BUG: KASAN:`; what is said first counts.
  package init(_ text: [UInt8]) {
    var place = 0
    while let end = text[place...].firstIndex(of: UInt8(ascii: "\n"))
      ?? (place < text.count ? text.count : nil)
    {
      // Lines of addresses alone have no colon, no comma and no letter beyond f.
      if end - place > 20 { read(text[place..<end]) }
      place = end + 1
      if place >= text.count { break }
    }
  }

  private mutating func read(_ line: ArraySlice<UInt8>) {
    guard line.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "n") }) else {
      return
    }
    if version == nil, let rest = line.after("Linux version ") ?? line.tainted {
      version =
        rest.split(separator: UInt8(ascii: " ")).lazy.compactMap {
          KernelVersion(parsing: String(decoding: $0, as: UTF8.self))
        }.first
    }
    if vaBits == nil, let rest = line.after("pgtable: ") {
      let words = rest.split(separator: UInt8(ascii: " "))
      if words.count >= 4, words[1].starts(with: "pages".utf8) {
        switch String(decoding: words[0], as: UTF8.self) {
        case "4k": pageShift = 12
        case "16k": pageShift = 14
        case "64k": pageShift = 16
        default: break
        }
        vaBits = UInt64(String(decoding: words[2].prefix { $0 != 0x2d }, as: UTF8.self))
      }
    }
    physicalOffset = physicalOffset ?? line.number(after: "PHYS_OFFSET: 0x")
    kernelOffset = kernelOffset ?? line.number(after: "Kernel Offset: 0x")
    if line.after("BUG: KASAN: ") != nil, kasan == nil { kasan = .generic }
    if line.after("Pointer tag: [") != nil { kasan = .softwareTags }
  }
}

extension ArraySlice<UInt8> {
  /// What follows the first occurrence of a text.
  fileprivate func after(_ text: StaticString) -> ArraySlice<UInt8>? {
    let count = text.utf8CodeUnitCount
    let pattern = unsafe UnsafeBufferPointer(start: text.utf8Start, count: count)
    guard let first = unsafe pattern.first, self.count >= count else { return nil }
    var place = startIndex
    while place <= endIndex - count {
      if self[place] == first, unsafe self[place..<place + count].elementsEqual(pattern) {
        return self[(place + count)...]
      }
      place += 1
    }
    return nil
  }

  /// The hexadecimal number that follows a text.
  fileprivate func number(after text: StaticString) -> UInt64? {
    after(text).flatMap {
      UInt64(String(decoding: $0.prefix { $0 > 0x20 }, as: UTF8.self), radix: 16)
    }
  }

  /// What follows the word on taint, whatever it says.
  fileprivate var tainted: ArraySlice<UInt8>? { after("Not tainted ") ?? after("Tainted: ") }
}
