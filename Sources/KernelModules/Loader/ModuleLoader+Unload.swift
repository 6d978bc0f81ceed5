public import Files
public import MemoryTypes

extension ModuleLoader {
  /// Unloads a module as `delete_module()`: its exit function runs, and all its memory is given
  /// back.
  ///
  /// `.died` where the exit function did not return; the module is gone all the same.
  public mutating func unload(_ name: ByteString) throws(Errno) -> ModuleOutcome {
    guard let module = find(name) else { throw .ENOENT }
    guard !isUsed(module) else { throw .EAGAIN }
    guard module.pointee.state == .live else { throw .EBUSY }
    // Without an exit function it stays for ever.
    if module.pointee.functions.initial != 0, module.pointee.functions.exit == 0 { throw .EBUSY }
    guard module.pointee.users == 0 else { throw .EAGAIN }
    module.pointee.state = .going
    var outcome = ModuleOutcome.returned(0)
    if module.pointee.functions.exit != 0 { outcome = host.call(module.pointee.functions.exit) }
    unform(module)
    return outcome
  }

  /// Whether another module uses its exports.
  public func isUsed(_ module: KernelPointer<Module>) -> Bool {
    var found = false
    forEachUser(of: module) { _ in found = true }
    return found
  }

  /// Visits the modules that use one.
  public func forEachUser(
    of module: KernelPointer<Module>, _ body: (KernelPointer<Module>) -> Void
  ) {
    forEach { other in
      for index in 0..<32 where other.pointee.uses[index] == module { body(other) }
    }
  }

  /// Gives back everything that a module has, whatever state it is in (`free_module()`).
  ///
  /// Its exit function does not run, and who uses its exports goes on without them.
  public mutating func unform(_ module: KernelPointer<Module>) {
    // What it has put off runs code that is about to go.
    host.finishDeferredWork()
    module.pointee.state = .going
    host.isGoing(module)
    for index in 0..<32 {
      if let used = module.pointee.uses[index] { used.pointee.users &-= 1 }
      module.pointee.uses[index] = nil
    }
    unlink(module)
    if let arguments = unsafe module.pointee.arguments {
      unsafe host.freeObject(arguments, module.pointee.argumentLength)
    }
    if let initial = module.pointee.initial { host.free(initial) }
    host.free(module.pointee.core)
    unsafe host.freeObject(module.raw, MemoryLayout<Module>.size)
  }

  mutating func link(_ module: KernelPointer<Module>) {
    var number: UInt8 = 1
    while number != 0, find(number: number) != nil { number &+= 1 }
    module.pointee.number = number
    module.pointee.next = first
    first?.pointee.previous = module
    first = module
  }

  private mutating func unlink(_ module: KernelPointer<Module>) {
    let (previous, next) = (module.pointee.previous, module.pointee.next)
    if let previous { previous.pointee.next = next } else { first = next }
    next?.pointee.previous = previous
  }
}
