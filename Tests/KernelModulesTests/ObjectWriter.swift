/// Writes a relocatable object: sections, symbols, relocations.
struct ObjectWriter {
  struct Section {
    var name: String
    var type: UInt32 = 1
    var flags: UInt64 = 2
    var bytes: [UInt8] = []
    var alignment: UInt64 = 8
    var link: UInt32 = 0
    var info: UInt32 = 0
  }
  struct Symbol {
    var name: String
    var section: UInt16 = 0
    var value: UInt64 = 0
    var info: UInt8 = 0x10
  }

  /// Sections from number 1 on; the tables follow them.
  var sections: [Section] = []
  var symbols: [Symbol] = []
  var relocations: [(section: Int, offset: UInt64, type: UInt32, symbol: Int, addend: Int64)] = []

  /// A module that does nothing: section 1 code, 2 itself, 3 its information, 4 data.
  static var module: ObjectWriter {
    var writer = ObjectWriter()
    writer.sections = [
      Section(
        name: ".text", flags: 6,
        bytes: word(0xd65f_03c0) + word(0x9400_0000) + .init(repeating: 0, count: 56)),
      Section(name: ".gnu.linkonce.this_module", flags: 3, bytes: .init(repeating: 0, count: 96)),
      Section(
        name: ".modinfo", bytes: Array("vermagic=magic\0name=test\0license=GPL\0intree=Y\0".utf8)),
      Section(name: ".data", flags: 3, bytes: .init(repeating: 0, count: 64)),
    ]
    writer.symbols = [
      Symbol(name: "init_module", section: 1, info: 0x12), Symbol(name: "_printk"),
      Symbol(name: "table", section: 4, info: 0x11),
    ]
    writer.relocations = [(2, 80, 257, 1, 0)]
    return writer
  }

  static func word(_ value: UInt32) -> [UInt8] { little(value) }
  static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T($0 * 8)) }
  }

  var bytes: [UInt8] {
    var all = sections
    let symbolTable = UInt32(all.count + 1 + Set(relocations.map(\.section)).count)
    for target in Set(relocations.map(\.section)).sorted() {
      var table: [UInt8] = []
      for entry in relocations where entry.section == target {
        table +=
          Self.little(entry.offset) + Self.little(entry.type) + Self.little(UInt32(entry.symbol))
        table += Self.little(entry.addend)
      }
      all.append(
        Section(
          name: ".rela", type: 4, flags: 0, bytes: table, link: symbolTable, info: UInt32(target)))
    }
    var names: [UInt8] = [0]
    var entries = [UInt8](repeating: 0, count: 24)
    for symbol in symbols {
      entries += Self.little(UInt32(names.count)) + [symbol.info, 0]
      entries += Self.little(symbol.section) + Self.little(symbol.value) + Self.little(UInt64(0))
      names += Array(symbol.name.utf8) + [0]
    }
    all.append(Section(name: ".symtab", type: 2, flags: 0, bytes: entries, link: symbolTable + 1))
    all.append(Section(name: ".strtab", type: 3, flags: 0, bytes: names))
    var sectionNames: [UInt8] = [0]
    var places: [UInt32] = []
    all.append(Section(name: ".shstrtab", type: 3, flags: 0))
    for section in all {
      places.append(UInt32(sectionNames.count))
      sectionNames += Array(section.name.utf8) + [0]
    }
    all[all.count - 1].bytes = sectionNames
    var body: [UInt8] = []
    var headers = [UInt8](repeating: 0, count: 64)
    for (index, section) in all.enumerated() {
      body += .init(repeating: 0, count: (8 - body.count % 8) % 8)
      headers += Self.little(places[index]) + Self.little(section.type)
      headers += Self.little(section.flags) + Self.little(UInt64(0))
      headers += Self.little(UInt64(64 + body.count)) + Self.little(UInt64(section.bytes.count))
      headers += Self.little(section.link) + Self.little(section.info)
      headers += Self.little(section.alignment) + Self.little(UInt64(0))
      body += section.bytes
    }
    body += .init(repeating: 0, count: (8 - body.count % 8) % 8)
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + .init(repeating: 0, count: 9)
    header += Self.little(UInt16(1)) + Self.little(UInt16(183)) + Self.little(UInt32(1))
    header += Self.little(UInt64(0)) + Self.little(UInt64(0)) + Self.little(UInt64(64 + body.count))
    header += Self.little(UInt32(0)) + Self.little(UInt16(64)) + Self.little(UInt16(0))
    header += Self.little(UInt16(0)) + Self.little(UInt16(64)) + Self.little(UInt16(all.count + 1))
    header += Self.little(UInt16(all.count))
    return header + body + headers
  }
}
