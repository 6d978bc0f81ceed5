/// What KASAN asks of the kernel around it, as plain functions: the same ones for every object, and
/// none of them may allocate.
@safe public struct KASANEnvironment: BitwiseCopyable {
  public typealias Context = UnsafeMutableRawPointer?

  /// Passed to every function.
  public var context: Context
  /// Writes the callers' return addresses, innermost first, and says how many.
  public var stack: @convention(c) (Context, UnsafeMutablePointer<UInt64>, Int) -> Int
  /// The current task's number.
  public var task: @convention(c) (Context) -> UInt32
  /// Writes the current task's name, and says its length.
  public var command: @convention(c) (Context, UnsafeMutablePointer<UInt8>, Int) -> Int
  /// One line of the log, without its end.
  public var line: @convention(c) (Context, UnsafePointer<UInt8>, Int) -> Void
  /// Writes an address as `%pS` does, and says the length.
  public var symbol: @convention(c) (Context, UInt64, UnsafeMutablePointer<UInt8>, Int) -> Int
  /// Sends what `dump_stack()` prints: the processor, the machine, the callers.
  public var dumpStack: @convention(c) (Context, _ from: UInt64) -> Void
  /// The cache of a number that the allocator's hooks pass on, as a ``CheckedCache``.
  public var cacheFacts: @convention(c) (Context, UInt, UnsafeMutableRawPointer) -> Void
  /// The slab that an address lies in, as a ``CheckedObject``; false if in none.
  public var object: @convention(c) (Context, UInt64, UnsafeMutableRawPointer) -> Bool
  /// Writes where the block of frames around an address begins and ends.
  public var block: @convention(c) (Context, UInt64, UnsafeMutablePointer<UInt64>) -> Void
  /// The return address of whoever called the allocator.
  public var allocatorCaller: @convention(c) (Context) -> UInt64
  /// Gives an object back to its cache, past the hooks.
  public var giveBack: @convention(c) (Context, UInt, UInt64) -> Void
  /// What else an address is: ``KASANPlace``.
  public var place: @convention(c) (Context, UInt64) -> UInt8
  /// Where the current task's stack begins.
  public var stackStart: @convention(c) (Context) -> UInt64
  /// Ends "The buggy address belongs to a" (`vmalloc_dump_obj()`): writes what follows and says its
  /// length.
  public var area: @convention(c) (Context, UInt64, UnsafeMutablePointer<UInt8>, Int) -> Int
  /// Sends what `dump_page()` prints of an address; nothing if no RAM is there.
  public var dumpPage: @convention(c) (Context, UInt64) -> Void
  /// A report is over: the kernel is tainted.
  public var reported: @convention(c) (Context) -> Void

  public init(
    context: Context,
    stack: @convention(c) (Context, UnsafeMutablePointer<UInt64>, Int) -> Int,
    task: @convention(c) (Context) -> UInt32,
    command: @convention(c) (Context, UnsafeMutablePointer<UInt8>, Int) -> Int,
    line: @convention(c) (Context, UnsafePointer<UInt8>, Int) -> Void,
    symbol: @convention(c) (Context, UInt64, UnsafeMutablePointer<UInt8>, Int) -> Int,
    dumpStack: @convention(c) (Context, UInt64) -> Void,
    cacheFacts: @convention(c) (Context, UInt, UnsafeMutableRawPointer) -> Void,
    object: @convention(c) (Context, UInt64, UnsafeMutableRawPointer) -> Bool,
    block: @convention(c) (Context, UInt64, UnsafeMutablePointer<UInt64>) -> Void,
    allocatorCaller: @convention(c) (Context) -> UInt64,
    giveBack: @convention(c) (Context, UInt, UInt64) -> Void,
    place: @convention(c) (Context, UInt64) -> UInt8,
    stackStart: @convention(c) (Context) -> UInt64,
    area: @convention(c) (Context, UInt64, UnsafeMutablePointer<UInt8>, Int) -> Int,
    dumpPage: @convention(c) (Context, UInt64) -> Void,
    reported: @convention(c) (Context) -> Void
  ) {
    unsafe self.context = context
    unsafe self.stack = stack
    unsafe self.task = task
    unsafe self.command = command
    unsafe self.line = line
    unsafe self.symbol = symbol
    unsafe self.dumpStack = dumpStack
    unsafe self.cacheFacts = cacheFacts
    unsafe self.object = object
    unsafe self.block = block
    unsafe self.allocatorCaller = allocatorCaller
    unsafe self.giveBack = giveBack
    unsafe self.place = place
    unsafe self.stackStart = stackStart
    unsafe self.area = area
    unsafe self.dumpPage = dumpPage
    unsafe self.reported = reported
  }
}

/// What an address is besides memory of a slab.
public struct KASANPlace: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A variable of the kernel or of a module (`kernel_or_module_addr()`).
  @inlinable public static var variable: Self { Self(rawValue: 1) }
  /// On the current task's stack (`object_is_on_stack()`).
  @inlinable public static var stack: Self { Self(rawValue: 2) }
  /// In the vmalloc region (`is_vmalloc_addr()`).
  @inlinable public static var vmalloc: Self { Self(rawValue: 4) }
}

extension KASANEnvironment {
  func captureStack(into trace: inout StackTrace) {
    var addresses: InlineArray<64, UInt64> = .init(repeating: 0)
    var span = addresses.mutableSpan
    let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
      unsafe stack(context, buffer.baseAddress.unsafelyUnwrapped, StackDepot.depth)
    }
    for index in 0..<min(max(count, 0), StackDepot.depth) { trace.append(addresses[index]) }
  }

  var caller: UInt64 { unsafe allocatorCaller(context) }

  /// The block of frames around an address.
  func block(of address: UInt64) -> Range<UInt64> {
    var words = InlineArray<2, UInt64>(repeating: address)
    var span = words.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer {
      unsafe block(context, address, $0.baseAddress.unsafelyUnwrapped)
    }
    return words[0]..<max(words[0], words[1])
  }

  var currentTask: UInt32 { unsafe task(context) }
}
