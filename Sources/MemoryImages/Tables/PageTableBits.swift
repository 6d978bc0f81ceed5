/// The attributes that Linux's dumper shows, in its words and its order (ptdump.c:pte_bits).
package struct PageTableBits {
  /// Some bits of an entry, the value that is looked for, and what is said where it is there and
  /// where it is not; a nil says nothing, not even a space.
  struct Attribute {
    var mask: UInt64
    var value: UInt64
    var set: String?
    var clear: String?

    init(_ bit: Int, _ set: String, _ clear: String) {
      mask = 1 << UInt64(bit)
      value = mask
      self.set = set
      self.clear = clear
    }

    /// A type of memory by its index in MAIR_EL1.
    init(memoryType index: UInt64, _ name: String) {
      mask = 7 << 2
      value = index << 2
      set = name
    }

    /// Both bits of SH.
    init(shared set: String, _ clear: String) {
      mask = 3 << 8
      value = mask
      self.set = set
      self.clear = clear
    }
  }

  static let all: [Attribute] = [
    Attribute(0, " ", "F"),
    Attribute(6, "USR", "   "),
    Attribute(7, "ro", "RW"),
    Attribute(53, "NX", "x "),
    Attribute(shared: "SHD", "   "),
    Attribute(10, "AF", "  "),
    Attribute(11, "NG", "  "),
    Attribute(52, "CON", "   "),
    Attribute(1, "   ", "BLK"),
    Attribute(54, "UXN", "   "),
    Attribute(50, "GP", "  "),
    Attribute(memoryType: 3, "DEVICE/nGnRnE"),
    Attribute(memoryType: 4, "DEVICE/nGnRE"),
    Attribute(memoryType: 2, "MEM/NORMAL-NC"),
    Attribute(memoryType: 0, "MEM/NORMAL"),
    Attribute(memoryType: 1, "MEM/NORMAL-TAGGED"),
  ]

  /// The bits that any of them looks at.
  package static let mask: UInt64 = all.reduce(0) { $0 | $1.mask }

  /// The attributes of an entry as the dumper writes them, each behind a space.
  package static func text(_ entry: UInt64) -> String {
    var text = ""
    for attribute in all {
      let word = entry & attribute.mask == attribute.value ? attribute.set : attribute.clear
      if let word { text += " " + word }
    }
    return text
  }

  /// The words of those that say something, without padding.
  package static func words(_ entry: UInt64) -> [String] {
    text(entry).split(separator: " ").map(String.init)
  }
}
