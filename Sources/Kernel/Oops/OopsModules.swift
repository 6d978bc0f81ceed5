import Arm64
import Files
import KernelAssembly
import KernelLog
import KernelModules
import MemoryTypes
import Tasks

/// What the reports ask of loadable modules.
enum OopsModules {
  /// Prints which there are (kernel/module/main.c: print_modules()).
  static func list(_ board: VirtBoard) {
    var line = LogLine("Modules linked in:")
    Modules.loader?.pointee.forEach { module in
      line.append(" ")
      module.pointee.name.withText { line.append(text: $0) }
      flags(module, &line)
    }
    board.log(.byDefault, &line)
  }

  /// What a module did to the kernel's name, and whether it comes or goes (module_flags()).
  private static func flags(_ module: KernelPointer<Module>, _ line: inout LogLine) {
    let taints = module.pointee.taints.rawValue
    let state = module.pointee.state
    guard taints != 0 || state == .coming || state == .going else { return }
    line.append("(")
    for bit in 0..<Taints.letters.utf8CodeUnitCount where taints &>> UInt32(bit) & 1 != 0 {
      // SAFETY: a literal's bytes.
      unsafe line.append(byte: Taints.letters.utf8Start[bit])
    }
    if state == .going { line.append("-") }
    if state == .coming { line.append("+") }
    line.append(")")
  }

  /// Whether an exception of a module can be taken back to whoever called it.
  static var canRecover: Bool { unsafe module_variables().pointee.recovery != 0 }

  /// Returns to whoever called the module.
  static func recover() -> Never { module_recover() }

  /// The bug table of the module that an address lies in.
  static func bugTable(of address: UInt64) -> UnsafeMutableRawBufferPointer? {
    guard let module = Modules.loader?.pointee.module(at: address) else { return nil }
    let table = module.pointee.bugs
    // SAFETY: the loader found the table in the module's writable memory.
    return unsafe UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: UInt(table.address)), count: table.count)
  }

  /// Appends `function+0x../0x.. [module]` if an address lies in a module; `more` is added to the
  /// distance.
  static func append(
    _ address: UInt64, _ more: UInt64, hasOffset: Bool, to line: inout LogLine
  ) -> Bool {
    guard let module = Modules.loader?.pointee.module(at: address),
      let place = module.pointee.place(of: address)
    else { return false }
    line.append(text: place.name)
    if hasOffset {
      line.append("+0x")
      line.append(hex: place.offset &+ more)
      line.append("/0x")
      line.append(hex: place.size)
    }
    line.append(" [")
    module.pointee.name.withText { line.append(text: $0) }
    line.append("]")
    return true
  }
}
