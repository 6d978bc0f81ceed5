import Tasks

/// Puts ELF files together for tests: a header, program headers, bytes.
struct ELFBuilder {
  var type: UInt16 = 2
  var machine: UInt16 = 183
  var entry: UInt64 = 0x40_0100
  var headers: [ProgramHeader] = []
  var length = 0x1000
  var interpreter: String?

  static func load(
    _ address: UInt64, offset: UInt64 = 0, file: UInt64, memory: UInt64? = nil, flags: UInt32 = 5,
    align: UInt64 = 0x1_0000
  ) -> ProgramHeader {
    header(.load, address, offset, file, memory ?? file, flags, align)
  }

  static func header(
    _ type: ProgramHeader.Kind, _ address: UInt64, _ offset: UInt64, _ file: UInt64,
    _ memory: UInt64, _ flags: UInt32, _ align: UInt64
  ) -> ProgramHeader {
    var table: [UInt8] = []
    func add<T: FixedWidthInteger>(_ value: T) {
      for index in 0..<T.bitWidth / 8 {
        table.append(UInt8(truncatingIfNeeded: value >> T(index * 8)))
      }
    }
    add(type.rawValue)
    add(flags)
    for value in [offset, address, address, file, memory, align] { add(value) }
    return unsafe ProgramHeader(0, of: table.span.bytes)
  }

  var bytes: [UInt8] {
    var out = [UInt8](repeating: 0, count: max(length, 64 + headers.count * 56))
    func put<T: FixedWidthInteger>(_ value: T, _ at: Int) {
      for index in 0..<T.bitWidth / 8 {
        out[at + index] = UInt8(truncatingIfNeeded: value >> T(index * 8))
      }
    }
    put(UInt32(0x464c_457f), 0)
    put(UInt32(0x0001_0102), 4)
    put(type, 16)
    put(machine, 18)
    put(UInt32(1), 20)
    put(entry, 24)
    put(UInt64(64), 32)
    put(UInt16(64), 52)
    put(UInt16(56), 54)
    put(UInt16(headers.count), 56)
    for (index, header) in headers.enumerated() {
      let base = 64 + index * 56
      put(header.type.rawValue, base)
      put(header.flags.rawValue, base + 4)
      put(header.offset, base + 8)
      put(header.virtualAddress, base + 16)
      put(header.virtualAddress, base + 24)
      put(header.fileSize, base + 32)
      put(header.memorySize, base + 40)
      put(header.alignment, base + 48)
    }
    return out
  }

  /// A static program: text, data, bss.
  static var plain: ELFBuilder {
    var builder = ELFBuilder()
    builder.length = 0x1800
    builder.headers = [
      load(0x40_0000, file: 0x1000),
      load(0x42_1000, offset: 0x1000, file: 0x800, memory: 0x3000, flags: 6),
    ]
    return builder
  }
}
