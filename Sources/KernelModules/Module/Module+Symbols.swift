public import Files
import MemoryTypes

/// What is where in a module (kernel/module/kallsyms.c).
///
/// Kept are the symbols of both parts that have a name, for as long as the module is there: address,
/// place of the name, kind letter; 16 bytes each, behind the core part's data.
extension Module {
  /// What an address belongs to.
  public struct Place: BitwiseCopyable {
    public let name: ByteString
    public let offset: UInt64
    public let size: UInt64
  }

  /// A kept symbol.
  public struct Symbol: BitwiseCopyable {
    public let address: UInt64
    /// As `nm` has it: `t`, `T`, `d`, ….
    public let letter: UInt8
    public let name: ByteString
  }

  public var symbolCount: Int { symbols.count }

  public func symbol(_ index: Int) -> Symbol? {
    guard index >= 0, index < symbols.count else { return nil }
    let at = symbols.address &+ UInt64(index) &* 16
    guard let name = text(at: keptNames &+ UInt64(core.load(at &+ 8, UInt32.self))) else {
      return nil
    }
    return Symbol(address: core.load(at), letter: core.load(at &+ 12, UInt8.self), name: name)
  }

  /// The symbol that an address is in or behind, with its size up to the next
  /// (`find_kallsyms_symbol()`).
  public func place(of address: UInt64) -> Place? {
    let end: UInt64
    if core.contains(address) {
      end = core.address &+ (containsText(address) ? coreLayout.textSize : core.size)
    } else if let initial, initial.contains(address) {
      end = initial.address &+ (containsText(address) ? initialLayout.textSize : initial.size)
    } else {
      return nil
    }
    var best: Symbol?
    var next = end
    for index in 0..<symbols.count {
      let here: UInt64 = core.load(symbols.address &+ UInt64(index) &* 16)
      guard area(of: here) != nil else { continue }
      if here <= address {
        if best.map({ here > $0.address }) ?? true { best = symbol(index) }
      } else if here < next {
        next = here
      }
    }
    guard let best else { return nil }
    return Place(name: best.name, offset: address &- best.address, size: next &- best.address)
  }
}

extension ModuleFile {
  /// Whether a symbol is kept: it has a place and a name that a person wrote.
  private func isKept(_ symbol: Symbol) -> Bool {
    let index = sectionIndex(symbol)
    guard index > 0, index < sectionCount, flags(section(index)).contains(.allocated),
      kind(symbol) < 3
    else { return false }
    let name = name(symbol)
    // `$x`, `$d`: what follows is code, is data.
    return !name.isEmpty && name[0] != 0x24
  }

  /// Whether a section is kept, for `/sys/module` (`sect_empty()`).
  private func isKept(_ section: Section) -> Bool {
    flags(section).contains(.allocated) && memorySize(section) > 0
  }

  /// How much there is to keep, which is asked before the module has a place.
  func countKept() -> KeptCounts {
    var kept = KeptCounts()
    for index in 0..<symbolCount where isKept(symbol(index)) {
      kept.symbols &+= 1
      kept.names &+= name(symbol(index)).count &+ 1
    }
    for index in 1..<sectionCount where isKept(section(index)) {
      kept.sections &+= 1
      kept.names &+= name(section(index)).count &+ 1
    }
    kept.add(information(KeptCounts.Text.version.name))
    kept.add(information(KeptCounts.Text.sourceVersion.name))
    return kept
  }

  /// Writes what is kept, which has its addresses, into a module's core part.
  func keep(_ kept: KeptCounts, at start: UInt64, in module: KernelPointer<Module>) {
    let area = module.pointee.core
    var at = start
    let names = start &+ UInt64(kept.symbols &+ kept.sections) &* 16
    var text = names
    func put(_ name: ByteString) {
      for byte in 0..<name.count { area.store(name[byte], text &+ UInt64(byte)) }
      text &+= UInt64(name.count) &+ 1
    }
    func entry(_ address: UInt64, _ letter: UInt8, _ name: ByteString) {
      area.store(address, at)
      area.store(UInt32(truncatingIfNeeded: text &- names), at &+ 8)
      area.store(letter, at &+ 12)
      put(name)
      at &+= 16
    }
    module.pointee.keptNames = names
    module.pointee.symbols = ModuleTable(address: at, count: kept.symbols)
    for index in 0..<symbolCount where isKept(symbol(index)) {
      let symbol = symbol(index)
      entry(value(symbol), letter(symbol), name(symbol))
    }
    module.pointee.sections = ModuleTable(address: at, count: kept.sections)
    for index in 1..<sectionCount where isKept(section(index)) {
      let section = section(index)
      entry(address(section), 0, name(section))
    }
    if let version = information(KeptCounts.Text.version.name) {
      module.pointee.version = text
      put(version[0..<min(version.count, Self.nameLimit)])
    }
    if let version = information(KeptCounts.Text.sourceVersion.name) {
      module.pointee.sourceVersion = text
      put(version[0..<min(version.count, Self.nameLimit)])
    }
  }

  /// As `elf_type()`.
  private func letter(_ symbol: Symbol) -> UInt8 {
    let section = section(sectionIndex(symbol))
    let flags = flags(section)
    let isLocal = binding(symbol) == 0
    if binding(symbol) == 2 { return isLocal ? 0x77 : 0x57 }  // w, W
    let lower: UInt8 =
      flags.contains(.executable)
      ? 0x74  // t
      : type(section) == .noBits
        ? 0x62  // b
        : flags.contains(.writable) ? 0x64 : 0x72  // d, r
    return isLocal ? lower : lower &- 0x20
  }
}

/// How much of a file is kept behind a module's data.
struct KeptCounts: BitwiseCopyable {
  var symbols = 0
  var sections = 0
  /// The bytes of all names and texts, each with its zero.
  var names = 0

  mutating func add(_ text: ByteString?) {
    guard let text else { return }
    names &+= min(text.count, ModuleFile.nameLimit) &+ 1
  }

  var bytes: UInt64 { UInt64(symbols &+ sections) &* 16 &+ UInt64(names) }

  /// What is kept of `.modinfo` (MODULE_VERSION()).
  enum Text: UInt8, BitwiseCopyable {
    case version, sourceVersion
    var name: ByteString { self == .version ? "version" : "srcversion" }
  }
}
