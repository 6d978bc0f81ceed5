public import MemoryTypes

/// Why a module file is refused: what is wrong with it, and where.
public struct ModuleError: Error, Equatable {
  public let reason: Reason
  /// The place in the file; of a symbol without a value, its entry's.
  public let offset: UInt64
  /// What the init function returned; 0 for any other reason.
  public let status: Int32

  /// The init function returned an error.
  init(status: Int32) {
    reason = .initFailed
    offset = 0
    self.status = status
  }

  init(_ reason: Reason, at offset: Int = 0) {
    self.reason = reason
    self.offset = UInt64(truncatingIfNeeded: offset)
    status = 0
  }

  /// What can be wrong.
  public enum Reason: UInt8, CaseIterable, Sendable {
    case headerTooShort, wrongMagic, notRelocatable, wrongArchitecture
    case wrongSectionHeaderSize, sectionHeadersOutside, noSectionNames
    case sectionNamesOutside, sectionNamesOpen, sectionZeroInUse
    case tooManySections, sectionsOverlap, writableAndExecutable
    case sectionOutside, sectionNameOutside, longName, wrongSectionLink, wrongAlignment
    case noSymbols, wrongSymbolTable, symbolNamesOpen, symbolNameOutside, symbolOutside
    case noModule, noName, nameTooLong, wrongVersionMagic, noVersionMagic
    case sectionTooLarge, commonSymbol, unknownSymbol
    case relocationOutside, relocationSymbolOutside, relocationUnsupported, relocationOverflow
    case relocationNotRela, tooManyVeneers
    case tableOutside, tableTooLong, exportTwice, parameterInvalid, parameterOutOfRange
    case parameterTooLarge
    case loadedAlready, isGoing, noMemory, initFailed, died
  }

  /// The error number that the system call ends with (kernel/module/main.c:load_module()).
  public var errno: Errno {
    switch reason {
    case .unknownSymbol: .ENOENT
    case .loadedAlready: .EEXIST
    case .isGoing: .EBUSY
    case .noMemory, .sectionTooLarge: .ENOMEM
    case .parameterInvalid: .EINVAL
    case .parameterOutOfRange: .ERANGE
    case .parameterTooLarge: .ENOSPC
    default: .ENOEXEC
    }
  }

  /// What the system call returns: the error number, or what the init function did, negative.
  public var result: Int64 {
    status != 0 ? Int64(status) : -Int64(errno.rawValue)
  }

  /// What is wrong, in words.
  public var text: StaticString {
    switch reason {
    case .headerTooShort: "it is shorter than an ELF header"
    case .wrongMagic: "it is not an ELF file"
    case .notRelocatable: "it is not a relocatable object"
    case .wrongArchitecture: "it is not for arm64"
    case .wrongSectionHeaderSize: "its section headers have another size"
    case .sectionHeadersOutside: "its section headers lie outside"
    case .noSectionNames: "it names no table of section names"
    case .sectionNamesOutside: "its section names lie outside"
    case .sectionNamesOpen: "its section names do not end with a zero"
    case .tooManySections: "it has more sections than there are numbers"
    case .sectionsOverlap: "sections lie in the same bytes"
    case .writableAndExecutable: "a section is to be both written to and executed"
    case .sectionZeroInUse: "its section 0 is in use"
    case .sectionOutside: "a section lies outside"
    case .sectionNameOutside: "a section's name lies outside"
    case .longName: "a name has more than 511 bytes"
    case .wrongSectionLink: "a section refers to one that is not there"
    case .wrongAlignment: "a section's alignment is no power of two, or too large"
    case .noSymbols: "it has no symbols"
    case .wrongSymbolTable: "its symbol table has no whole number of entries"
    case .symbolNamesOpen: "its symbol names do not end with a zero"
    case .symbolNameOutside: "a symbol's name lies outside"
    case .symbolOutside: "a symbol is in a section that is not there"
    case .noModule: "it has no section .gnu.linkonce.this_module"
    case .noName: "it has no name"
    case .nameTooLong: "its name is too long"
    case .wrongVersionMagic: "it was made for another kernel"
    case .noVersionMagic: "it does not say what kernel it was made for"
    case .sectionTooLarge: "it is larger than the modules' region"
    case .commonSymbol: "it was compiled without -fno-common"
    case .unknownSymbol: "it needs a symbol that there is not"
    case .relocationOutside: "a relocation's place lies outside its section"
    case .relocationSymbolOutside: "a relocation's symbol is not in the table"
    case .relocationUnsupported: "a relocation is of a type that cannot be done"
    case .relocationOverflow: "a relocation's value does not fit its place"
    case .relocationNotRela: "it has relocations without addends"
    case .tooManyVeneers: "it needs more veneers than it said"
    case .tableOutside: "a table of its own points outside of it"
    case .tableTooLong: "a table of its own has more entries than any module needs"
    case .exportTwice: "it exports a symbol that there is already"
    case .parameterInvalid: "a parameter has a value that it cannot have"
    case .parameterOutOfRange: "a parameter's number does not fit its variable"
    case .parameterTooLarge: "a parameter's value is too large"
    case .loadedAlready: "a module of that name is loaded"
    case .isGoing: "a module of that name is being unloaded"
    case .noMemory: "there is no memory"
    case .initFailed: "its init function failed"
    case .died: "it did something that the kernel does not do"
    }
  }
}
