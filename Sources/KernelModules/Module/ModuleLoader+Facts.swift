public import Files
public import MemoryTypes

/// What `/sys/module` and `/proc/kallsyms` show of modules (kernel/module/main.c: modinfo_attrs;
/// sysfs.c; kallsyms.c; kernel/params.c).
extension ModuleLoader {
  /// The module of a number.
  public func find(number: UInt8) -> KernelPointer<Module>? {
    var next = first
    while let module = next {
      if module.pointee.number == number { return module }
      next = module.pointee.next
    }
    return nil
  }

  /// Hands on the text of a file of a module's folder; false where it has none of that name.
  public func fact(
    _ fact: ModuleFact, of module: KernelPointer<Module>, _ body: (ByteString) -> Void
  ) -> Bool {
    var text = TextBuffer()
    switch fact {
    case .coreSize: text.append(decimal: module.pointee.core.size)
    case .initialSize: text.append(decimal: module.pointee.initial?.size ?? 0)
    case .references: text.append(signed: Int64(module.pointee.users))
    case .state:
      switch module.pointee.state {
      case .live: text.append("live")
      case .coming: text.append("coming")
      case .going: text.append("going")
      case .unformed: text.append("unformed")
      }
    case .taint:
      let letters = ByteString(Taints.letters)
      for bit in 0..<letters.count
      where module.pointee.taints.rawValue &>> UInt32(bit) & 1 != 0 {
        text.append(byte: letters[bit])
      }
    case .version, .sourceVersion:
      let place = fact == .version ? module.pointee.version : module.pointee.sourceVersion
      guard place != 0, let version = module.pointee.text(at: place) else { return false }
      text.append(version)
    }
    text.append("\n")
    text.withText(body)
    return true
  }

  /// Hands on the name of a parameter, its permissions, and its value with a line's end; false
  /// behind the last (`param_attr_show()`).
  public func parameter(
    _ index: Int, of module: KernelPointer<Module>,
    _ body: (_ name: ByteString, _ permissions: UInt32, _ value: ByteString) -> Void
  ) -> Bool {
    let table = module.pointee.parameters
    guard index >= 0, index < table.count else { return false }
    let entry = table.address &+ UInt64(index) &* 32
    guard let name = module.pointee.text(at: module.pointee.core.load(entry)) else { return false }
    var text = TextBuffer()
    appendValue(module, entry, &text)
    text.append("\n")
    let permissions: UInt32 = module.pointee.core.load(entry &+ 12)
    text.withText { body(name, permissions & 0o777, $0) }
    return true
  }
}

extension Module {
  /// A section's name and address, in the file's order; nil behind the last.
  public func section(_ index: Int) -> (name: ByteString, address: UInt64)? {
    guard index >= 0, index < sections.count else { return nil }
    let at = sections.address &+ UInt64(index) &* 16
    guard let name = text(at: keptNames &+ UInt64(core.load(at &+ 8, UInt32.self))) else {
      return nil
    }
    return (name, core.load(at))
  }
}

/// A file of `/sys/module/NAME` that says one thing.
public enum ModuleFact: UInt8, BitwiseCopyable, Sendable {
  case coreSize = 1
  case initialSize, state, references, taint, version, sourceVersion
}
