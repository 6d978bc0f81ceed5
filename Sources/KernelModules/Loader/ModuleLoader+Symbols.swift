import Files
import MemoryTypes

extension ModuleLoader {
  /// Gives every symbol its address (`simplify_symbols()`).
  ///
  /// What is not there is named, each, up to a hundred; then the load fails.
  mutating func resolve(_ file: ModuleFile, for module: KernelPointer<Module>) throws(ModuleError) {
    var missing: ModuleError?
    var named = 0
    for index in 1..<max(file.symbolCount, 1) {
      let symbol = file.symbol(index)
      file.set(symbol, veneers: 0)
      switch file.sectionIndex(symbol) {
      case 0:
        let name = file.name(symbol)
        if let address = resolve(name, for: module) {
          file.set(symbol, value: address)
        } else if file.binding(symbol) != 2 {
          missing = ModuleError(.unknownSymbol, at: symbol.at)
          named &+= 1
          sayUnknown(name, module)
          guard named < 100 else { throw ModuleError(.unknownSymbol, at: symbol.at) }
        }
      case 0xfff1: break  // SHN_ABS
      case 0xfff2:
        say(4, module.pointee.name, "please compile with -fno-common")
        throw ModuleError(.commonSymbol, at: symbol.at)
      case let section where section < file.sectionCount:
        file.set(symbol, value: file.value(symbol) &+ file.address(file.section(section)))
      default: throw ModuleError(.symbolOutside, at: symbol.at)
      }
    }
    if let missing { throw missing }
  }

  private func sayUnknown(_ name: ByteString, _ module: KernelPointer<Module>) {
    var text = TextBuffer()
    module.pointee.name.withText { text.append($0) }
    text.append(": Unknown symbol ")
    text.append(name)
    text.append(" (err -2)")
    send(4, text)
  }

  /// The address of an exported symbol: the kernel's first, then the modules'
  /// (`find_symbol()`, `resolve_symbol()`).
  private mutating func resolve(_ name: ByteString, for user: KernelPointer<Module>) -> UInt64? {
    if let found = host.export(name) {
      return found.isGPLOnly && !user.pointee.isGPLCompatible ? nil : found.address
    }
    var next = first
    while let module = next {
      next = module.pointee.next
      guard module != user, module.pointee.state == .live,
        let address = module.pointee.export(name, forGPL: user.pointee.isGPLCompatible)
      else { continue }
      return user.use(module) ? address : nil
    }
    return nil
  }

  /// Refuses a symbol that somebody exports already (`verify_exported_symbols()`).
  func checkExports(_ module: KernelPointer<Module>) throws(ModuleError) {
    for index in 0..<module.pointee.exports.count &+ module.pointee.exportsGPL.count {
      guard let name = module.pointee.exportName(index) else { throw ModuleError(.tableOutside) }
      var owner: KernelPointer<Module>?
      forEach { other in
        if other != module, other.pointee.export(name, forGPL: true) != nil { owner = other }
      }
      guard owner != nil || host.export(name) != nil else { continue }
      var text = TextBuffer()
      module.pointee.name.withText { text.append($0) }
      text.append(": exports duplicate symbol ")
      text.append(name)
      text.append(" (owned by ")
      if let owner {
        owner.pointee.name.withText { text.append($0) }
      } else {
        text.append("kernel")
      }
      text.append(")")
      send(3, text)
      throw ModuleError(.exportTwice)
    }
  }

  /// Finds the tables that the module's header makes (`find_module_sections()`).
  func findTables(_ module: KernelPointer<Module>, _ file: ModuleFile) throws(ModuleError) {
    module.pointee.exports = try table(file, "__ksymtab", 16, limit: 16384)
    module.pointee.exportsGPL = try table(file, "__ksymtab_gpl", 16, limit: 16384)
    module.pointee.parameters = try table(file, "__param", 32, limit: 1024)
    module.pointee.bugs = try table(file, "__bug_table", 1, limit: 1 &<< 20)
    for index in 0..<module.pointee.exports.count &+ module.pointee.exportsGPL.count {
      guard module.pointee.exportName(index) != nil else { throw ModuleError(.tableOutside) }
    }
  }

  /// A table, with no more entries than a limit, because all of them are looked at each time.
  private func table(
    _ file: ModuleFile, _ name: ByteString, _ entry: Int, limit: Int
  ) throws(ModuleError) -> ModuleTable {
    guard let section = file.find(name), file.placement(section) != ~0,
      file.placement(section) & ModuleFile.initBit == 0
    else { return ModuleTable() }
    let count = Int(file.memorySize(section)) / entry
    guard count <= limit else { throw ModuleError(.tableTooLong, at: section.at) }
    return ModuleTable(address: file.address(section), count: count)
  }
}

extension Module {
  /// The name of an export, counted through both tables.
  func exportName(_ index: Int) -> ByteString? {
    let isGPL = index >= exports.count
    let table = isGPL ? exportsGPL : exports
    let at = table.address &+ UInt64(isGPL ? index &- exports.count : index) &* 16
    return text(at: core.load(at &+ 8, UInt64.self))
  }

  /// The address of an export.
  func export(_ name: ByteString, forGPL: Bool) -> UInt64? {
    for index in 0..<exports.count &+ (forGPL ? exportsGPL.count : 0) {
      guard let own = exportName(index), own == name else { continue }
      let isGPL = index >= exports.count
      let table = isGPL ? exportsGPL : exports
      return core.load(table.address &+ UInt64(isGPL ? index &- exports.count : index) &* 16)
    }
    return nil
  }
}

extension KernelPointer where Pointee == Module {
  /// Notes that it uses another one (`ref_module()`); false where it uses too many.
  func use(_ other: KernelPointer<Module>) -> Bool {
    for index in 0..<32 {
      if pointee.uses[index] == other { return true }
      guard pointee.uses[index] == nil else { continue }
      pointee.uses[index] = other
      other.pointee.users &+= 1
      return true
    }
    return false
  }
}
