import Files
import MemoryTypes

/// The numbers in a module file, each read with its bounds checked.
extension ModuleFile {
  /// What a section is (`sh_type`).
  enum SectionType: UInt32 {
    case null = 0
    case bits = 1
    case symbols = 2
    case strings = 3
    case relocations = 4
    case noBits = 8
    case relocationsWithoutAddends = 9
    case other = 0xffff_ffff
  }

  /// `sh_flags`.
  struct SectionFlags: OptionSet, BitwiseCopyable {
    var rawValue: UInt64
    static var writable: Self { Self(rawValue: 1) }
    static var allocated: Self { Self(rawValue: 2) }
    static var executable: Self { Self(rawValue: 4) }
    /// The loader's own mark: read-only once the init function has returned
    /// (SHF_RO_AFTER_INIT).
    static var readOnlyAfterInit: Self { Self(rawValue: 0x0020_0000) }
  }

  func load<T: BitwiseCopyable>(_ at: Int, _ type: T.Type = T.self) -> T {
    unsafe precondition(at >= 0 && at &+ MemoryLayout<T>.size <= bytes.count)
    return unsafe bytes.loadUnaligned(fromByteOffset: at, as: T.self)
  }

  func store<T: BitwiseCopyable>(_ value: T, _ at: Int) {
    unsafe precondition(at >= 0 && at &+ MemoryLayout<T>.size <= bytes.count)
    unsafe bytes.storeBytes(of: value, toByteOffset: at, as: T.self)
  }

  func byte(_ at: Int) -> UInt8 { load(at) }
  func half(_ at: Int) -> UInt32 { load(at) }
  func word(_ at: Int) -> UInt64 { load(at) }

  // Section headers.
  func nameOffset(_ section: Section) -> Int { Int(half(section.at)) }
  func type(_ section: Section) -> SectionType {
    SectionType(rawValue: half(section.at &+ 4)) ?? .other
  }
  func flags(_ section: Section) -> SectionFlags { SectionFlags(rawValue: word(section.at &+ 8)) }
  func set(_ section: Section, flags: SectionFlags) { store(flags.rawValue, section.at &+ 8) }
  func address(_ section: Section) -> UInt64 { word(section.at &+ 16) }
  func set(_ section: Section, address: UInt64) { store(address, section.at &+ 16) }
  /// The bytes that it has in memory.
  func memorySize(_ section: Section) -> UInt64 { word(section.at &+ 32) }
  func link(_ section: Section) -> Int { Int(half(section.at &+ 40)) }
  func info(_ section: Section) -> Int { Int(half(section.at &+ 44)) }
  func alignment(_ section: Section) -> UInt64 { max(word(section.at &+ 48), 1) }
  func set(_ section: Section, alignment: UInt64) { store(alignment, section.at &+ 48) }
  /// The section's place in its part, with bit 63 for the init part (INIT_OFFSET_MASK); all ones
  /// for none.
  func placement(_ section: Section) -> UInt64 { word(section.at &+ 56) }
  func set(_ section: Section, placement: UInt64) { store(placement, section.at &+ 56) }

  /// Its bytes in the file, of which a section of zeros (SHT_NOBITS) has none; nil where they are
  /// not there.
  func fileRange(_ section: Section) -> FileRange? {
    type(section) == .noBits
      ? .empty
      : FileRange(
        word(section.at &+ 24), memorySize(section), within: unsafe bytes.count)
  }

  /// Its bytes in the file: those of every section were looked at when the file was.
  func range(_ section: Section) -> FileRange { fileRange(section) ?? .empty }

  /// Makes it the header of an empty section that becomes no memory.
  func clear(_ section: Section) {
    store(UInt64(0), section.at &+ 8)
    store(UInt64(0), section.at &+ 24)
    store(UInt64(0), section.at &+ 32)
    store(UInt64(0), section.at &+ 48)
  }

  func name(_ section: Section) -> ByteString {
    text(nameOffset(section), in: names)
  }

  /// The bytes from an offset in a range up to a zero, or to the range's end, or the longest name's.
  func text(_ offset: Int, in range: FileRange, limit: Int = Self.nameLimit) -> ByteString {
    precondition(offset >= 0 && offset <= range.count)
    let start = range.start &+ offset
    let end = min(range.end, start &+ limit)
    var length = 0
    while start &+ length < end, byte(start &+ length) != 0 { length &+= 1 }
    return unsafe ByteString(UnsafeRawBufferPointer(rebasing: bytes[start..<start &+ length]))
  }

  // Symbols.
  struct Symbol: BitwiseCopyable {
    var at: Int
  }
  var symbolCount: Int { symbols.count / Self.symbolLength }
  func symbol(_ index: Int) -> Symbol {
    precondition(index >= 0 && index < symbolCount)
    return Symbol(at: symbols.start &+ index &* Self.symbolLength)
  }
  func name(_ symbol: Symbol) -> ByteString { text(Int(half(symbol.at)), in: symbolNames) }
  /// STT_NOTYPE 0, STT_OBJECT 1, STT_FUNC 2, STT_SECTION 3, STT_FILE 4.
  func kind(_ symbol: Symbol) -> UInt8 { byte(symbol.at &+ 4) & 15 }
  /// STB_LOCAL 0, STB_GLOBAL 1, STB_WEAK 2.
  func binding(_ symbol: Symbol) -> UInt8 { byte(symbol.at &+ 4) &>> 4 }
  func sectionIndex(_ symbol: Symbol) -> Int { Int(load(symbol.at &+ 6, UInt16.self)) }
  func value(_ symbol: Symbol) -> UInt64 { word(symbol.at &+ 8) }
  func set(_ symbol: Symbol, value: UInt64) { store(value, symbol.at &+ 8) }
  /// The loader's own marks, in `st_other`: bit 6 counted for a veneer in the core part, bit 7 in
  /// the init part.
  func marks(_ symbol: Symbol) -> UInt8 { byte(symbol.at &+ 5) }
  func set(_ symbol: Symbol, marks: UInt8) { store(marks, symbol.at &+ 5) }
  /// The veneers to a symbol, numbered from 1: the core part's in the lower half of `st_size`, the
  /// init part's in the upper.
  func veneers(_ symbol: Symbol) -> UInt64 { word(symbol.at &+ 16) }
  func set(_ symbol: Symbol, veneers: UInt64) { store(veneers, symbol.at &+ 16) }
}
