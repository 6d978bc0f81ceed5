import Files
public import MemoryTypes

/// A module in memory (`struct module`).
///
/// It belongs to the list of ``ModuleLoader``; a lock over that list (Linux's `module_mutex`) would
/// guard it. `users` counts the modules that use its exports and whoever holds it by
/// `try_module_get()`; it can be unloaded when that is 0.
@safe public struct Module: ~Copyable {
  let resident = Resident()
  public let name: ModuleName
  public internal(set) var state = State.unformed
  public let core: ModuleArea
  /// The part that is given back when init has returned.
  public internal(set) var initial: ModuleArea?
  public let coreLayout: ModuleLayout
  public let initialLayout: ModuleLayout
  /// The functions' addresses, 0 for none.
  var functions: (initial: UInt64, exit: UInt64)
  public internal(set) var taints: Taints
  let isGPLCompatible: Bool
  /// The exported symbols: two tables of addresses and names in the core part.
  var exports = ModuleTable()
  var exportsGPL = ModuleTable()
  var parameters = ModuleTable()
  /// Its bug table, with its bytes for a count; written to by WARN_ONCE().
  public internal(set) var bugs = ModuleTable()
  /// The parameters' values; charp parameters point into it.
  var arguments: UnsafeMutableRawPointer?
  var argumentLength = 0
  /// What is kept of the file: symbols and sections, entries of an address and of a name's place
  /// among the names behind them; the texts of its version, 0 for none.
  var symbols = ModuleTable()
  var sections = ModuleTable()
  var keptNames: UInt64 = 0
  var version: UInt64 = 0
  var sourceVersion: UInt64 = 0
  /// Its number among those that are there, from 1 on; 0 where there are too many.
  public internal(set) var number: UInt8 = 0

  public internal(set) var users = 0
  /// The modules whose exports it uses.
  var uses = InlineArray<32, KernelPointer<Module>?>(repeating: nil)
  /// Its neighbours in the list, the newest first.
  public internal(set) var next: KernelPointer<Module>?
  var previous: KernelPointer<Module>?

  /// A module's life (`enum module_state`).
  public enum State: Sendable {
    case live, coming, going, unformed
  }

  init(
    name: ModuleName, core: ModuleArea, initial: ModuleArea?, coreLayout: ModuleLayout,
    initialLayout: ModuleLayout, functions: (initial: UInt64, exit: UInt64), taints: Taints,
    isGPLCompatible: Bool
  ) {
    self.name = name
    self.core = core
    self.initial = initial
    self.coreLayout = coreLayout
    self.initialLayout = initialLayout
    self.functions = functions
    self.taints = taints
    self.isGPLCompatible = isGPLCompatible
    unsafe arguments = nil
  }

  /// The bytes of both parts, as `/proc/modules` counts them.
  public var size: UInt64 { core.size &+ (initial?.size ?? 0) }

  /// The part that an address is in.
  func area(of address: UInt64, _ length: UInt64 = 1) -> ModuleArea? {
    if core.contains(address, length), address != core.address &+ core.size { return core }
    if let initial, initial.contains(address, length) { return initial }
    return nil
  }

  /// Whether an address is that of its code.
  public func containsText(_ address: UInt64) -> Bool {
    address &- core.address < coreLayout.textSize
      || initial.map { address &- $0.address < initialLayout.textSize } ?? false
  }

  /// Whether so many bytes at an address may be written to.
  func isWritable(_ address: UInt64, _ length: UInt64) -> Bool {
    if core.contains(address, length) {
      return address &- core.address
        >= (state == .live ? coreLayout.readOnlyAfterInitSize : coreLayout.readOnlySize)
    }
    guard let initial, initial.contains(address, length) else { return false }
    return address &- initial.address >= initialLayout.readOnlySize
  }

  /// A text among the values of its parameters.
  func argument(at address: UInt64) -> ByteString? {
    guard let arguments = unsafe arguments else { return nil }
    let start = address &- UInt64(UInt(bitPattern: arguments))
    guard start < UInt64(argumentLength) else { return nil }
    var end = Int(start)
    while end < argumentLength, unsafe arguments.load(fromByteOffset: end, as: UInt8.self) != 0 {
      end &+= 1
    }
    return unsafe ByteString(
      UnsafeRawBufferPointer(start: arguments + Int(start), count: end &- Int(start)))
  }

  /// A text of its own at an address, up to its zero; nil where it has none there, or one that is
  /// longer than a name.
  func text(at address: UInt64) -> ByteString? {
    guard let area = area(of: address) else { return nil }
    let start = Int(truncatingIfNeeded: address &- area.address)
    let limit = unsafe min(area.bytes.count &- start, ModuleFile.nameLimit)
    var length = 0
    while length < limit, unsafe area.bytes[start &+ length] != 0 { length &+= 1 }
    guard length < limit else { return nil }
    return unsafe ByteString(UnsafeRawBufferPointer(rebasing: area.bytes[start..<start &+ length]))
  }
}

/// A table in a module's memory.
public struct ModuleTable: BitwiseCopyable, Sendable {
  public var address: UInt64 = 0
  public var count = 0
}

/// What a module does to the kernel's good name (include/linux/panic.h: TAINT_…).
public struct Taints: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static var proprietary: Self { Self(rawValue: 1 &<< 0) }
  public static var died: Self { Self(rawValue: 1 &<< 7) }
  public static var warned: Self { Self(rawValue: 1 &<< 9) }
  public static var staging: Self { Self(rawValue: 1 &<< 10) }
  public static var outOfTree: Self { Self(rawValue: 1 &<< 12) }
  public static var test: Self { Self(rawValue: 1 &<< 18) }

  /// The letters, by bit, as `/proc/modules` and an oops show them (kernel/panic.c: taint_flags).
  public static var letters: StaticString { "PFSRMBUDAWCIOELKXTN" }
}
