import MemoryTypes

extension VirtualArea {
  /// The areas of a `smaps` (or of a `maps`, which says less of each), by address.
  ///
  /// Lines that are neither an area's first nor known are left out, and so is an area that does not
  /// lie above the one before it: the kernel walks upwards, so it was mapped while the text was
  /// read, in the place of others. Of 65,000 areas that are 1.5 million lines: they are looked at
  /// as bytes.
  package static func all(smaps: [UInt8]) -> [VirtualArea] {
    var areas: [VirtualArea] = []
    var isKept = false
    for line in smaps.split(separator: UInt8(ascii: "\n")) {
      guard let first = line.first else { continue }
      // What is said of an area begins with a capital letter, an area with its address.
      if first < UInt8(ascii: "A") || first > UInt8(ascii: "Z") {
        guard let area = VirtualArea(mapsLine: line) else { continue }
        isKept = areas.last.map { $0.end <= area.start } ?? true
        if isKept { areas.append(area) }
      } else if isKept {
        areas[areas.count - 1].take(line)
      }
    }
    return areas
  }

  /// Reads `00400000-0047f000 r-xp 00000000 00:02 6      /bin/status`; nil for other lines.
  init?(mapsLine line: ArraySlice<UInt8>) {
    let blank = UInt8(ascii: " ")
    let fields = line.split(separator: blank, maxSplits: 5)
    guard fields.count >= 5, fields[1].count == 4,
      let dash = fields[0].firstIndex(of: UInt8(ascii: "-")),
      let start = Self.hexadecimal(fields[0][..<dash]),
      let end = Self.hexadecimal(fields[0][(dash + 1)...]), start < end,
      let offset = Self.hexadecimal(fields[2]), let inode = Self.decimal(fields[4])
    else { return nil }
    self.start = VirtualAddress(start)
    self.end = VirtualAddress(end)
    self.offset = offset
    self.inode = inode
    permissions = String(decoding: fields[1], as: UTF8.self)
    name =
      fields.count > 5 ? String(decoding: fields[5].drop { $0 == blank }, as: UTF8.self) : ""
  }

  private mutating func take(_ line: ArraySlice<UInt8>) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
    let name = line[..<colon]
    func `is`(_ text: StaticString) -> Bool {
      name.count == text.utf8CodeUnitCount
        && text.withUTF8Buffer { unsafe name.elementsEqual($0) }
    }
    if `is`("VmFlags") {
      takeFlags(value)
      return
    }
    guard let number = Self.decimal(value.prefix { $0 != UInt8(ascii: " ") }) else { return }
    let size = ByteCount(number < 1 << 52 ? number << 10 : 0)
    // By length first: most lines are none of these.
    switch name.count {
    case 3:
      if `is`("Rss") { rss = size } else if `is`("Pss") { pss = size }
    case 4: if `is`("Swap") { swap = size }
    case 6: if `is`("Locked") { locked = size }
    case 7: if `is`("SwapPss") { swapPss = size }
    case 9: if `is`("Anonymous") { anonymous = size }
    case 11: if `is`("THPeligible") { mayBeHuge = number != 0 }
    case 13:
      if `is`("AnonHugePages") || `is`("FilePmdMapped") { huge += size }
    case 14:
      if `is`("ShmemPmdMapped") {
        huge += size
      } else if `is`("Shared_Hugetlb") {
        hugetlb += size
      } else if `is`("KernelPageSize") {
        pageSize = size
      }
    case 15: if `is`("Private_Hugetlb") { hugetlb += size }
    default: break
    }
  }

  private mutating func takeFlags(_ value: ArraySlice<UInt8>) {
    for word in value.split(separator: UInt8(ascii: " ")) where word.count == 2 {
      switch (word[word.startIndex], word[word.startIndex + 1]) {
      case (UInt8(ascii: "h"), UInt8(ascii: "t")): flags.insert(.hugetlb)
      case (UInt8(ascii: "p"), UInt8(ascii: "f")), (UInt8(ascii: "i"), UInt8(ascii: "o")):
        flags.insert(.frames)
      case (UInt8(ascii: "g"), UInt8(ascii: "d")): flags.insert(.growsDown)
      case (UInt8(ascii: "h"), UInt8(ascii: "g")): flags.insert(.wantsHuge)
      default: break
      }
    }
  }

  private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard !digits.isEmpty, digits.count <= 16 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }

  private static func decimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard !digits.isEmpty, digits.count <= 18 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    return value
  }
}
