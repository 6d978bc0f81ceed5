import Files
import KernelAssembly
import KernelModules
import MemoryTypes
import Tasks

/// What `/sys/module` and `/proc/kallsyms` ask.
extension Modules {
  static var view: ModuleView {
    ModuleView(
      number: { name in loader?.pointee.find(name)?.pointee.number ?? 0 },
      module: { index, body in
        guard let module = counted(index) else { return false }
        module.pointee.name.withText { body(module.pointee.number, $0) }
        return true
      },
      fact: { number, fact, body in
        guard let loader, let module = loader.pointee.find(number: number),
          let fact = ModuleFact(rawValue: fact)
        else { return false }
        return loader.pointee.fact(fact, of: module, body)
      },
      section: { number, index, body in
        guard let section = loader?.pointee.find(number: number)?.pointee.section(index) else {
          return false
        }
        body(section.name, section.address)
        return true
      },
      parameter: { number, index, body in
        guard let loader, let module = loader.pointee.find(number: number) else { return false }
        return loader.pointee.parameter(index, of: module, body)
      },
      setParameter: { number, index, value in
        guard let loader, let module = loader.pointee.find(number: number) else { return -19 }
        do throws(ModuleError) {
          try loader.pointee.setParameter(index, of: module, value)
          return 0
        } catch {
          return error.result
        }
      },
      symbol: { position, body in symbol(&position, body) })
  }

  /// The module at a place of the list, the newest first.
  private static func counted(_ index: Int) -> KernelPointer<Module>? {
    var module = loader?.pointee.first
    for _ in 0..<index { module = module?.pointee.next }
    return module
  }

  /// The symbols of `/proc/kallsyms`: a position below 2^32 is a place in the kernel's table; the
  /// upper half of any other is the place of a module in the list, plus one, the lower the symbol's.
  private static func symbol(
    _ position: inout UInt64, _ body: (UInt64, UInt8, ByteString, ByteString) -> Void
  ) -> Bool {
    if position &>> 32 == 0 {
      if let (address, name, next) = Symbols.entry(at: position) {
        body(address, 0x74, name, "")
        position = next
        return true
      }
      position = 1 &<< 32
    }
    while let module = counted(Int(position &>> 32) &- 1) {
      let index = Int(position & 0xffff_ffff)
      guard index < module.pointee.symbolCount else {
        position = (position &>> 32 &+ 1) &<< 32
        continue
      }
      position &+= 1
      guard let symbol = module.pointee.symbol(index) else { continue }
      module.pointee.name.withText { body(symbol.address, symbol.letter, symbol.name, $0) }
      return true
    }
    return false
  }
}
