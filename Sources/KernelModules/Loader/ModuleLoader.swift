public import Files
public import MemoryTypes

/// The loader, and the list of what it has loaded.
///
/// One for a kernel; it stays where it is. Its list and all modules on it are what Linux's
/// `module_mutex` guards.
///
/// **What happens** (kernel/module/main.c:load_module()): the file is checked (``ModuleFile``), its
/// information is looked at, its sections are laid out (``ModuleLayout``), memory is taken for the
/// core and the init part, the sections are copied, symbols get their addresses, relocations are
/// done, parameters are set, permissions follow (code: read and execute, constants: read, data: read
/// and write), and init runs. When it has returned 0 the init part is given back and what is to
/// be read-only after init becomes that. Nothing of a module that failed stays.
@safe public struct ModuleLoader<Host: ModuleHost>: ~Copyable {
  let resident = Resident()
  public let host: Host
  /// The newest module.
  public internal(set) var first: KernelPointer<Module>?
  /// What modules have done to the kernel's good name, loaded or not.
  public internal(set) var taints: Taints = []
  /// What `vermagic` must say.
  let versionMagic: ByteString

  public init(host: Host, versionMagic: ByteString) {
    self.host = host
    self.versionMagic = versionMagic
  }

  /// The module of a name.
  public func find(_ name: ByteString) -> KernelPointer<Module>? {
    var next = first
    while let module = next {
      if module.pointee.name.equals(name) { return module }
      next = module.pointee.next
    }
    return nil
  }

  /// The module that has an address (`__module_address()`).
  public func module(at address: UInt64) -> KernelPointer<Module>? {
    var next = first
    while let module = next {
      if module.pointee.area(of: address) != nil { return module }
      next = module.pointee.next
    }
    return nil
  }

  /// Visits all modules, the newest first, as `/proc/modules` lists them.
  public func forEach(_ body: (KernelPointer<Module>) -> Void) {
    var next = first
    while let module = next {
      next = module.pointee.next
      body(module)
    }
  }

  /// Says something of a module: its name, a colon, the words.
  func say(_ level: Int, _ name: ModuleName, _ words: StaticString) {
    var text = TextBuffer()
    name.withText { text.append($0) }
    text.append(": ")
    text.append(words)
    send(level, text)
  }

  func send(_ level: Int, _ text: borrowing TextBuffer) {
    text.withText { host.log(level, $0) }
  }
}
