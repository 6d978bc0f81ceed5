// ELF as execve reads it (the ELF-64 object file format; fs/binfmt_elf.c), and ELF-32 for 32-bit
// programs (fs/compat_binfmt_elf.c).
//
// A program file begins with the ELF header, which says where its table of program headers is. A
// program header of type PT_LOAD is a *segment*: bytes `offset ..< offset + fileSize` of the file
// appear at `virtualAddress`, and memory goes on, all zeros, up to `memorySize` (the bss). An
// ET_EXEC file has fixed addresses; an ET_DYN file may be moved as a whole, by its *load bias*.
// ET_DYN without PT_INTERP is a static PIE (or a dynamic loader run by hand); with PT_INTERP the
// named interpreter is loaded too and gets control first.
//
// Nothing in a file is to be believed. What this folder computes, it computes from bytes alone,
// with wrapping arithmetic where Linux wraps and an error where Linux refuses; every address is
// checked again when it is mapped. The order of the checks is Linux's, as it decides the errno.

public import MemoryTypes

/// The ELF header, as far as execve looks at it.
public struct ELFHeader: BitwiseCopyable, Hashable, Sendable {
  /// Whether addresses are fixed (ET_EXEC) or relative to a load bias (ET_DYN).
  public enum Kind: BitwiseCopyable, Sendable { case executable, shared }

  /// Whether it is a 32-bit program's (ELFCLASS32 for EM_ARM): Linux's compat_binfmt_elf.c.
  public let isCompat: Bool
  public let kind: Kind
  public let entry: UInt64
  public let tableOffset: UInt64
  public let entrySize: UInt16
  public let entryCount: UInt16

  /// The bytes of a file that decide what it is (BINPRM_BUF_SIZE), zeros where it is shorter.
  @inlinable public static var probeLength: Int { 256 }
  /// The size of the header itself.
  @inlinable public static var length: Int { 64 }

  /// Reads the header from the beginning of a file, at least ``length`` bytes.
  ///
  /// ENOEXEC where the file is not an ELF of this machine: as `load_elf_binary()` begins.
  public init(_ bytes: RawSpan) throws(Errno) {
    guard bytes.byteCount >= Self.length,
      bytes.read(UInt32.self, at: 0) == 0x464c_457f  // 0x7f, "ELF"
    else { throw .ENOEXEC }
    switch bytes.read(UInt16.self, at: 16) {
    case 2: kind = .executable
    case 3: kind = .shared
    default: throw .ENOEXEC
    }
    switch bytes.read(UInt16.self, at: 18) {
    case 183: isCompat = false  // EM_AARCH64
    case 40:  // EM_ARM: some version of the EABI (compat_elf_check_arch())
      guard bytes.read(UInt32.self, at: 36) & 0xff00_0000 != 0 else { throw .ENOEXEC }
      isCompat = true
      entry = UInt64(bytes.read(UInt32.self, at: 24))
      tableOffset = UInt64(bytes.read(UInt32.self, at: 28))
      entrySize = bytes.read(UInt16.self, at: 42)
      entryCount = bytes.read(UInt16.self, at: 44)
      return
    default: throw .ENOEXEC
    }
    entry = bytes.read(UInt64.self, at: 24)
    tableOffset = bytes.read(UInt64.self, at: 32)
    entrySize = bytes.read(UInt16.self, at: 54)
    entryCount = bytes.read(UInt16.self, at: 56)
  }

  /// The bytes of the program header table, or nil where Linux refuses it
  /// (`load_elf_phdrs()`: other entries than ours, none, or more than a page of them).
  public func tableLength(_ pageSize: PageSize) -> ByteCount? {
    let each = ProgramHeader.length(isCompat: isCompat)
    let length = ByteCount(UInt64(entryCount) &* UInt64(each))
    guard Int(entrySize) == each, length != .zero,
      length <= pageSize.bytes, length.rawValue <= 65536, tableOffset &>> 63 == 0
    else { return nil }
    return length
  }
}

/// One entry of the program header table.
public struct ProgramHeader: BitwiseCopyable, Hashable, Sendable {
  /// The size of an entry: ELF-64's, or ELF-32's.
  @inlinable public static func length(isCompat: Bool) -> Int { isCompat ? 32 : 56 }

  public var type: Kind
  public var flags: Flags
  public var offset: UInt64
  public var virtualAddress: UInt64
  public var fileSize: UInt64
  public var memorySize: UInt64
  public var alignment: UInt64

  /// What an entry describes (`p_type`); other kinds are passed over.
  public struct Kind: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public static var load: Kind { Kind(rawValue: 1) }
    @inlinable public static var interpreter: Kind { Kind(rawValue: 3) }
    @inlinable public static var gnuStack: Kind { Kind(rawValue: 0x6474_e551) }
    @inlinable public static var gnuProperty: Kind { Kind(rawValue: 0x6474_e553) }
  }

  /// What may be done with a segment's memory (`p_flags`).
  public struct Flags: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public static var execute: Flags { Flags(rawValue: 1) }
    @inlinable public static var write: Flags { Flags(rawValue: 2) }
    @inlinable public static var read: Flags { Flags(rawValue: 4) }
  }

  /// Reads entry `index` of a table that holds it.
  public init(_ index: Int, of table: RawSpan, isCompat: Bool = false) {
    let base = index &* Self.length(isCompat: isCompat)
    type = Kind(rawValue: table.read(UInt32.self, at: base))
    if isCompat {
      func word(_ offset: Int) -> UInt64 { UInt64(table.read(UInt32.self, at: base &+ offset)) }
      flags = Flags(rawValue: table.read(UInt32.self, at: base &+ 24))
      offset = word(4)
      virtualAddress = word(8)
      fileSize = word(16)
      memorySize = word(20)
      alignment = word(28)
      return
    }
    flags = Flags(rawValue: table.read(UInt32.self, at: base &+ 4))
    offset = table.read(UInt64.self, at: base &+ 8)
    virtualAddress = table.read(UInt64.self, at: base &+ 16)
    fileSize = table.read(UInt64.self, at: base &+ 32)
    memorySize = table.read(UInt64.self, at: base &+ 40)
    alignment = table.read(UInt64.self, at: base &+ 48)
  }
}

extension RawSpan {
  /// The number at a byte offset, aligned or not; the offset must be within bounds.
  func read<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    // SAFETY: integers have no invalid bit patterns, and the span checks its bounds.
    T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }
}
