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
/// symbol table once, and throws what it does not like; from then on every section's bytes lie in
/// the file, every name ends in its table, every symbol's section exists. As in Linux the loader
/// keeps its notes in the copy: `sh_entsize` becomes a section's place in its part, `sh_addr` its
/// address, `st_value` a symbol's address.
///
/// Source: `elf_validity_check()`, `setup_load_info()`, `rewrite_section_headers()`. Linux trusts
/// who may load modules with the rest; this does not.
@safe public struct ModuleFile: BitwiseCopyable {
  // SAFETY: the maker keeps the bytes while the file is used; every access checks its bounds.
  let bytes: UnsafeMutableRawBufferPointer
  let sectionTable: Int
  let sectionCount: Int
  private(set) var names = Section(at: 0)
  /// The symbol table, its strings, the section with the module's own structure.
  private(set) var symbolTable = Section(at: 0)
  private(set) var symbolNames = Section(at: 0)
  private(set) var thisModule = Section(at: 0)
  /// `.modinfo`; its place is 0 where there is none.
  private(set) var information = Section(at: 0)

  static var headerLength: Int { 64 }
  static var sectionHeaderLength: Int { 64 }
  static var symbolLength: Int { 24 }
  static var relocationLength: Int { 24 }

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
    let table = unsafe header.loadUnaligned(fromByteOffset: 40, as: UInt64.self)
    sectionCount = unsafe Int(header.loadUnaligned(fromByteOffset: 60, as: UInt16.self))
    guard table < UInt64(bytes.count),
      sectionCount &* Self.sectionHeaderLength <= bytes.count &- Int(table)
    else { throw ModuleError(.sectionHeadersOutside, at: 40) }
    sectionTable = Int(table)
    try checkSections(
      nameIndex: Int(unsafe header.loadUnaligned(fromByteOffset: 62, as: UInt16.self)))
    try findSections()
    try checkSymbols()
  }

  /// A section's header: its place in the file.
  struct Section: BitwiseCopyable, Equatable {
    var at: Int
  }

  func section(_ index: Int) -> Section {
    precondition(index >= 0 && index < sectionCount)
    return Section(at: sectionTable &+ index &* Self.sectionHeaderLength)
  }

  private mutating func checkSections(nameIndex: Int) throws(ModuleError) {
    guard nameIndex > 0, nameIndex < sectionCount else {
      throw ModuleError(.noSectionNames, at: 62)
    }
    names = section(nameIndex)
    guard isInside(names) else { throw ModuleError(.sectionNamesOutside, at: names.at) }
    guard size(names) > 0, byte(place(names) &+ size(names) &- 1) == 0 else {
      throw ModuleError(.sectionNamesOpen, at: names.at)
    }
    let zero = section(0)
    guard type(zero) == .null, rawSize(zero) == 0, address(zero) == 0 else {
      throw ModuleError(.sectionZeroInUse, at: zero.at)
    }
    for index in 1..<sectionCount {
      let here = section(index)
      guard nameOffset(here) < size(names) else {
        throw ModuleError(.sectionNameOutside, at: here.at)
      }
      let type = type(here)
      if type == .null { continue }
      guard type == .noBits || isInside(here) else {
        throw ModuleError(.sectionOutside, at: here.at)
      }
      let alignment = word(here.at &+ 48)
      guard alignment & (alignment &- 1) == 0 || alignment == 0, alignment <= 1 << 16 else {
        throw ModuleError(.wrongAlignment, at: here.at)
      }
      if type == .symbols, link(here) == 0 || link(here) >= sectionCount {
        throw ModuleError(.wrongSectionLink, at: here.at)
      }
    }
  }

  private mutating func findSections() throws(ModuleError) {
    if let found = find(".modinfo") {
      information = found
      // Tracked, but no part of memory.
      set(found, flags: flags(found).subtracting(.allocated))
    }
    for index in 1..<sectionCount where type(section(index)) == .symbols {
      symbolTable = section(index)
      break
    }
    guard symbolTable.at != 0 else { throw ModuleError(.noSymbols) }
    symbolNames = section(link(symbolTable))
    guard type(symbolNames) != .noBits, isInside(symbolNames) else {
      throw ModuleError(.sectionOutside, at: symbolNames.at)
    }
    guard let module = find(".gnu.linkonce.this_module"), type(module) != .noBits else {
      throw ModuleError(.noModule)
    }
    thisModule = module
    if let versions = find("__versions") {
      set(versions, flags: flags(versions).subtracting(.allocated))
    }
  }

  private func checkSymbols() throws(ModuleError) {
    guard size(symbolTable) % Self.symbolLength == 0, size(symbolTable) > 0 else {
      throw ModuleError(.wrongSymbolTable, at: symbolTable.at)
    }
    let length = size(symbolNames)
    guard length > 0, byte(place(symbolNames) &+ length &- 1) == 0 else {
      throw ModuleError(.symbolNamesOpen, at: symbolNames.at)
    }
    for index in 0..<symbolCount {
      let here = symbol(index)
      guard Int(half(here.at)) < length else { throw ModuleError(.symbolNameOutside, at: here.at) }
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
