public import Files
public import MemoryTypes

/// What the loader asks of the kernel that it loads modules into.
public protocol ModuleHost {
  var pageSize: PageSize { get }

  /// The CPU has erratum 843419 of the Cortex-A53.
  var avoidsLateADRP: Bool { get }

  /// Memory in the modules' region: zeros, writable, not executable (`module_alloc()`).
  func allocateArea(_ size: UInt64) -> ModuleArea?

  /// Gives it back (`module_memfree()`).
  func free(_ area: ModuleArea)

  /// Sets what may be done with pages of an area (`set_memory_ro()`, `set_memory_x()`, …).
  func protect(_ area: ModuleArea, _ offsets: Range<UInt64>, _ protection: ModuleProtection)

  /// Makes instructions that were written visible to instruction fetch.
  func synchronizeInstructions(_ area: ModuleArea)

  /// Memory for the loader's own notes.
  func allocateObject(_ size: Int) -> UnsafeMutableRawPointer?
  func freeObject(_ object: UnsafeMutableRawPointer, _ size: Int)

  /// A function or variable that the kernel exports.
  func export(_ name: ByteString) -> KernelExport?

  /// Says something, without a line's end, at a level of 0 to 7.
  func log(_ level: Int, _ text: ByteString)

  /// Calls a function of a module without arguments.
  func call(_ function: UInt64) -> ModuleOutcome

  /// Does what modules have put off (`flush_scheduled_work()`, `rcu_barrier()`).
  func finishDeferredWork()

  /// The module's memory and symbols are there, and none of its code has run
  /// (MODULE_STATE_COMING).
  func isComing(_ module: KernelPointer<Module>)

  /// The module's memory is about to be given back (MODULE_STATE_GOING).
  func isGoing(_ module: KernelPointer<Module>)
}

/// What may be done with a module's pages.
public enum ModuleProtection: Sendable {
  case readOnlyExecute, readOnly, readWrite
}

/// How a call of a module's function ended.
public enum ModuleOutcome: Equatable, Sendable {
  case returned(Int32)
  /// By an oops, of which everything has been said.
  case died
}

/// A symbol that the kernel exports.
public struct KernelExport: BitwiseCopyable {
  public let address: UInt64
  /// Only for modules with a licence compatible with the GPL (EXPORT_SYMBOL_GPL).
  public let isGPLOnly: Bool

  public init(address: UInt64, isGPLOnly: Bool = false) {
    self.address = address
    self.isGPLOnly = isGPLOnly
  }
}
