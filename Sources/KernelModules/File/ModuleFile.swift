import Files
import MemoryTypes

/// A relocatable object as the loader has it: a copy of the file that it may write to.
///
/// **Terms** (ELF for the Arm 64-bit Architecture; kernel/module/main.c). A *module* is an ELF
/// object of type ET_REL: sections with bytes, a symbol table, and for each section that needs it a
/// table of *relocations*, which say what to write where once addresses are known. Sections with
/// SHF_ALLOC become memory: those whose names begin with `.init` the *init part*, which is given
/// back when the module's init function has returned, all others the *core part*.
///
/// **Invariants.** The initializer looks at every number in the header, the section headers and the
/// symbol table once, and throws what it does not like; from then on every section's bytes are a
/// ``FileRange``, every name ends in its table, every symbol's section exists. As in Linux the
/// loader keeps its notes in the copy: `sh_entsize` becomes a section's place in its part, `sh_addr`
/// its address, `st_value` a symbol's address. So nothing else may lie where those are: the section
/// headers and the symbol table overlap with no section, and all sections together have no more
/// bytes than the file, which also bounds what the loader has to do by the file's size. A section
/// of type SHT_NULL is none: its header is made that of an empty one.
///
/// Source: `elf_validity_check()`, `setup_load_info()`, `rewrite_section_headers()`. Linux trusts
/// who may load modules with the rest; this does not.
@safe public struct ModuleFile: BitwiseCopyable {
  // SAFETY: the maker keeps the bytes while the file is used; every access checks its bounds.
  let bytes: UnsafeMutableRawBufferPointer
  let headers: FileRange
  let sectionCount: Int
  /// The sections' names.
  private(set) var names = FileRange.empty
  /// The symbol table, and its strings.
  private(set) var symbolHeader = Section(at: 0)
  private(set) var symbols = FileRange.empty
  private(set) var symbolNames = FileRange.empty
  /// `.modinfo`; empty where there is none.
  private(set) var information = FileRange.empty
  /// The section with the module's own structure.
  private(set) var thisModule = Section(at: 0)

  static var headerLength: Int { 64 }
  static var sectionHeaderLength: Int { 64 }
  static var symbolLength: Int { 24 }
  static var relocationLength: Int { 24 }
  /// What a name may have at most (KSYM_NAME_LEN).
  static var nameLimit: Int { 512 }

  /// Looks at everything in a file that later code relies on.
  ///
  /// Unsafe: the bytes stay, and are nobody else's, while the file is used.
  @unsafe public init(checking bytes: UnsafeMutableRawBufferPointer) throws(ModuleError) {
    unsafe self.bytes = bytes
    guard bytes.count >= Self.headerLength else { throw ModuleError(.headerTooShort) }
    let header = UnsafeRawBufferPointer(bytes)
    guard unsafe header.loadUnaligned(as: UInt32.self) == 0x464c_457f else {
      throw ModuleError(.wrongMagic)
    }
    guard unsafe header.loadUnaligned(fromByteOffset: 16, as: UInt16.self) == 1 else {
      throw ModuleError(.notRelocatable, at: 16)
    }
    guard unsafe header.loadUnaligned(fromByteOffset: 18, as: UInt16.self) == 183,
      // 64 bits, little endian.
      unsafe header[4] == 2, unsafe header[5] == 1
    else { throw ModuleError(.wrongArchitecture, at: 18) }
    guard unsafe header.loadUnaligned(fromByteOffset: 58, as: UInt16.self) == 64 else {
      throw ModuleError(.wrongSectionHeaderSize, at: 58)
    }
    sectionCount = unsafe Int(header.loadUnaligned(fromByteOffset: 60, as: UInt16.self))
    // Numbers from SHN_LORESERVE on mean something else than a section.
    guard sectionCount < 0xff00 else { throw ModuleError(.tooManySections, at: 60) }
    guard
      let headers = FileRange(
        unsafe header.loadUnaligned(fromByteOffset: 40, as: UInt64.self),
        UInt64(sectionCount &* Self.sectionHeaderLength), within: bytes.count)
    else { throw ModuleError(.sectionHeadersOutside, at: 40) }
    guard headers.count == 0 || headers.start >= Self.headerLength else {
      throw ModuleError(.sectionsOverlap, at: 40)
    }
    self.headers = headers
    try checkSections(
      nameIndex: Int(unsafe header.loadUnaligned(fromByteOffset: 62, as: UInt16.self)))
    try findSections()
    try checkOverlaps()
    try checkSymbols()
  }

  /// A section's header: its place in the file.
  struct Section: BitwiseCopyable, Equatable {
    var at: Int
  }

  func section(_ index: Int) -> Section {
    precondition(index >= 0 && index < sectionCount)
    return Section(at: headers.start &+ index &* Self.sectionHeaderLength)
  }

  private mutating func checkSections(nameIndex: Int) throws(ModuleError) {
    guard nameIndex > 0, nameIndex < sectionCount else {
      throw ModuleError(.noSectionNames, at: 62)
    }
    let zero = section(0)
    guard type(zero) == .null, memorySize(zero) == 0, address(zero) == 0 else {
      throw ModuleError(.sectionZeroInUse, at: zero.at)
    }
    for index in 0..<sectionCount {
      let here = section(index)
      if type(here) == .null {
        clear(here)
        continue
      }
      guard fileRange(here) != nil else { throw ModuleError(.sectionOutside, at: here.at) }
      let alignment = word(here.at &+ 48)
      guard alignment & (alignment &- 1) == 0 || alignment == 0, alignment <= 1 << 16 else {
        throw ModuleError(.wrongAlignment, at: here.at)
      }
      if type(here) == .symbols, link(here) == 0 || link(here) >= sectionCount {
        throw ModuleError(.wrongSectionLink, at: here.at)
      }
    }
    names = range(section(nameIndex))
    guard names.count > 0, byte(names.end &- 1) == 0 else {
      throw ModuleError(.sectionNamesOpen, at: section(nameIndex).at)
    }
    for index in 1..<sectionCount {
      let here = section(index)
      guard nameOffset(here) < names.count else {
        throw ModuleError(.sectionNameOutside, at: here.at)
      }
      guard name(here).count < Self.nameLimit else { throw ModuleError(.longName, at: here.at) }
    }
  }

  private mutating func findSections() throws(ModuleError) {
    if let found = find(".modinfo") {
      information = range(found)
      // Tracked, but no part of memory.
      set(found, flags: flags(found).subtracting(.allocated))
    }
    for index in 1..<sectionCount where type(section(index)) == .symbols {
      symbolHeader = section(index)
      break
    }
    guard symbolHeader.at != 0 else { throw ModuleError(.noSymbols) }
    symbols = range(symbolHeader)
    symbolNames = range(section(link(symbolHeader)))
    guard let module = find(".gnu.linkonce.this_module"), type(module) != .noBits else {
      throw ModuleError(.noModule)
    }
    thisModule = module
    if let versions = find("__versions") {
      set(versions, flags: flags(versions).subtracting(.allocated))
    }
  }

  /// Nothing may lie where the loader writes, nor two sections in the same bytes.
  private func checkOverlaps() throws(ModuleError) {
    var total = Self.headerLength &+ headers.count
    for index in 1..<sectionCount {
      let here = section(index)
      let range = range(here)
      total &+= range.count
      guard unsafe total <= bytes.count, range.count == 0 || range.start >= Self.headerLength,
        !range.overlaps(headers), here == symbolHeader || !range.overlaps(symbols)
      else { throw ModuleError(.sectionsOverlap, at: here.at) }
    }
  }

  private func checkSymbols() throws(ModuleError) {
    guard symbols.count % Self.symbolLength == 0, symbols.count > 0 else {
      throw ModuleError(.wrongSymbolTable, at: symbolHeader.at)
    }
    guard symbolNames.count > 0, byte(symbolNames.end &- 1) == 0 else {
      throw ModuleError(.symbolNamesOpen, at: symbolHeader.at)
    }
    for index in 0..<symbolCount {
      let here = symbol(index)
      guard Int(half(here.at)) < symbolNames.count else {
        throw ModuleError(.symbolNameOutside, at: here.at)
      }
      guard name(here).count < Self.nameLimit else { throw ModuleError(.longName, at: here.at) }
      let section = sectionIndex(here)
      guard section < sectionCount || section >= 0xff00 else {
        throw ModuleError(.symbolOutside, at: here.at)
      }
    }
  }

  /// The section of a name that will be memory, or that is told from its name alone.
  func find(_ name: ByteString) -> Section? {
    for index in 1..<sectionCount {
      let here = section(index)
      if flags(here).contains(.allocated), self.name(here) == name { return here }
    }
    return nil
  }
}
