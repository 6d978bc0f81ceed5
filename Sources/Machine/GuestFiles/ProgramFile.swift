/// The head of an ELF file, read to say what is wrong with it before a machine is started.
///
/// The kernel judges for itself; here is only what deserves a clear line (fs/binfmt_elf.c:
/// load_elf_binary() answers ENOEXEC to most of it).
struct ProgramFile {
  /// The dynamic loader it asks for (PT_INTERP).
  private(set) var interpreter: String?

  /// Whether it is a 32-bit arm program, which not every machine runs.
  private(set) var is32Bit = false

  private static let headerSize = 64

  init(_ path: String, called name: String) throws(MachineError) {
    let size = HostFile.status(path, following: true)?.size ?? 0
    try self.init(start: try HostFile.start(of: path, limit: 1 << 16), size: size, called: name)
  }

  /// Reads the first bytes of a file of that size.
  init(start bytes: [UInt8], size: UInt64, called name: String) throws(MachineError) {
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
      let hint = bytes.starts(with: Array("#!".utf8)) ? "it is a script: run its interpreter" : nil
      throw .failure("\(name) is not an ELF program", hint: hint)
    }
    guard bytes.count >= Self.headerSize else {
      throw .failure("\(name) is truncated: it ends within the ELF header")
    }
    func number(_ offset: Int, _ size: Int) -> UInt64 {
      bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let (is64Bit, isLittleEndian) = (bytes[4] == 2, bytes[5] == 1)
    let machine = isLittleEndian ? number(18, 2) : number(19, 1) | number(18, 1) << 8
    // Some version of the EABI, as the kernel asks (compat_elf_check_arch()).
    is32Bit = machine == 40 && !is64Bit && isLittleEndian && number(36, 4) & 0xff00_0000 != 0
    guard is32Bit || machine == 183 && is64Bit && isLittleEndian else {
      let kind = Self.name(ofMachine: machine, is64Bit: is64Bit, isLittleEndian: isLittleEndian)
      throw .failure(
        "\(name) is a program for \(kind), not for 64-bit little-endian arm64, "
          + "nor for 32-bit arm with the EABI")
    }
    guard number(16, 2) == 2 || number(16, 2) == 3 else {
      throw .failure("\(name) is an ELF file, but not a program (an object file or a core dump)")
    }
    let (table, count) = is32Bit ? (number(28, 4), number(44, 2)) : (number(32, 8), number(56, 2))
    let entrySize: UInt64 = is32Bit ? 32 : 56
    guard number(is32Bit ? 42 : 54, 2) == entrySize, count > 0 else {
      throw .failure("\(name) has no program headers")
    }
    guard table <= size, count * entrySize <= size - table else {
      throw .failure("\(name) is truncated: it ends within its program headers")
    }
    var isLoadable = false
    for index in 0..<count {
      let (place, overflow) = table.addingReportingOverflow(index * entrySize)
      guard !overflow, place + entrySize <= bytes.count else { break }
      let header = Int(place)
      let (type, offset, length) =
        is32Bit
        ? (number(header, 4), number(header + 4, 4), number(header + 16, 4))
        : (number(header, 4), number(header + 8, 8), number(header + 32, 8))
      guard type == 1 || type == 3 else { continue }
      isLoadable = isLoadable || type == 1
      let (end, wraps) = offset.addingReportingOverflow(length)
      guard !wraps, end <= size else {
        throw .failure(
          "\(name) is truncated: a segment ends at byte \(wraps ? UInt64.max : end), "
            + "the file at \(size)")
      }
      if type == 3, length > 1, end <= bytes.count {
        interpreter = String(decoding: bytes[Int(offset)..<Int(end) - 1], as: UTF8.self)
      }
    }
    guard isLoadable else { throw .failure("\(name) has nothing to load: no PT_LOAD segment") }
  }

  private static func name(ofMachine machine: UInt64, is64Bit: Bool, isLittleEndian: Bool)
    -> String
  {
    switch machine {
    case 3: "32-bit x86"
    case 62: "x86-64"
    case 40: "32-bit arm of another kind"
    case 183: is64Bit ? "big-endian arm64" : "arm64 with 32-bit addresses"
    case 243: "RISC-V"
    case 21: "64-bit PowerPC"
    case 22: "s390"
    default: "another machine (ELF machine \(machine))"
    }
  }
}
