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
  func rawSize(_ section: Section) -> UInt64 { word(section.at &+ 32) }
  func link(_ section: Section) -> Int { Int(half(section.at &+ 40)) }
  func info(_ section: Section) -> Int { Int(half(section.at &+ 44)) }
  func alignment(_ section: Section) -> UInt64 { max(word(section.at &+ 48), 1) }
  func set(_ section: Section, alignment: UInt64) { store(alignment, section.at &+ 48) }
  /// The section's place in its part, with bit 63 for the init part (INIT_OFFSET_MASK); all ones
  /// for none.
  func placement(_ section: Section) -> UInt64 { word(section.at &+ 56) }
  func set(_ section: Section, placement: UInt64) { store(placement, section.at &+ 56) }

  /// Where the bytes begin, and how many they are, of a section that was found to lie inside.
  func place(_ section: Section) -> Int { Int(truncatingIfNeeded: word(section.at &+ 24)) }
  func size(_ section: Section) -> Int { Int(truncatingIfNeeded: rawSize(section)) }

  /// As `validate_section_offset()`.
  func isInside(_ section: Section) -> Bool {
    let (end, overflow) = word(section.at &+ 24).addingReportingOverflow(rawSize(section))
    return unsafe !overflow && end <= UInt64(bytes.count)
  }

  func name(_ section: Section) -> ByteString {
    text(place(names) &+ nameOffset(section), before: place(names) &+ size(names))
  }

  /// The bytes up to a zero, or to the end.
  func text(_ start: Int, before end: Int) -> ByteString {
    unsafe precondition(start >= 0 && start <= end && end <= bytes.count)
    var length = 0
    while start &+ length < end, byte(start &+ length) != 0 { length &+= 1 }
    return unsafe ByteString(UnsafeRawBufferPointer(rebasing: bytes[start..<start &+ length]))
  }

  // Symbols.
  struct Symbol: BitwiseCopyable {
    var at: Int
  }
  var symbolCount: Int { size(symbolTable) / Self.symbolLength }
  func symbol(_ index: Int) -> Symbol {
    precondition(index >= 0 && index < symbolCount)
    return Symbol(at: place(symbolTable) &+ index &* Self.symbolLength)
  }
  func name(_ symbol: Symbol) -> ByteString {
    text(
      place(symbolNames) &+ Int(half(symbol.at)), before: place(symbolNames) &+ size(symbolNames))
  }
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
