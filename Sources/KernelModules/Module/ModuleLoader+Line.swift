public import Files
import MemoryTypes

extension ModuleLoader {
  /// Hands on the line of `/proc/modules` of a module, counted from the newest; false behind the
  /// last (kernel/module/procfs.c: `m_show()`).
  ///
  /// Its address is zeros for those who may not see it.
  public func line(
    _ index: Int, showsAddress: Bool, _ body: (ByteString) -> Void
  ) -> Bool {
    var module = first
    for _ in 0..<max(index, 0) { module = module?.pointee.next }
    guard let module else { return false }
    var text = TextBuffer()
    module.pointee.name.withText { text.append($0) }
    text.append(" ")
    text.append(decimal: module.pointee.size)
    text.append(" ")
    text.append(signed: Int64(module.pointee.users))
    text.append(" ")
    var count = 0
    forEachUser(of: module) { user in
      user.pointee.name.withText { text.append($0) }
      text.append(",")
      count &+= 1
    }
    if module.pointee.functions.initial != 0, module.pointee.functions.exit == 0 {
      text.append("[permanent],")
      count &+= 1
    }
    if count == 0 { text.append("-") }
    switch module.pointee.state {
    case .going: text.append(" Unloading 0x")
    case .live: text.append(" Live 0x")
    case .coming, .unformed: text.append(" Loading 0x")
    }
    text.append(hex: showsAddress ? module.pointee.core.address : 0, digits: 16)
    flags(module, &text)
    text.append("\n")
    text.withText(body)
    return true
  }

  /// Taints, and `+` or `-` for one that comes or goes (`module_flags()`).
  func flags(_ module: KernelPointer<Module>, _ text: inout TextBuffer) {
    let taints = module.pointee.taints
    guard taints.rawValue != 0 || module.pointee.state != .live else { return }
    text.append(" (")
    let letters = ByteString(Taints.letters)
    for bit in 0..<letters.count where taints.rawValue &>> UInt32(bit) & 1 != 0 {
      text.append(byte: letters[bit])
    }
    switch module.pointee.state {
    case .going: text.append("-")
    case .coming: text.append("+")
    default: break
    }
    text.append(")")
  }
}
