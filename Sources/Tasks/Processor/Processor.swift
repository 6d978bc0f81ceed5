public import Arm64
public import BoardFormat
public import MemoryTypes

/// A board with a CPU that runs programs: what tasks and system calls ask of the machine beyond
/// memory and translation.
///
/// There is one CPU. The kernel runs with interrupts closed and gives it up only where it says so
/// (``switchContext(from:to:)``, ``idle(until:)``), so nothing here needs a lock; the timer interrupts
/// programs only (``setTimer(at:)``).
///
/// **The kernel stack of a task** (``KernelStack``) has THREAD_SIZE bytes. Its highest
/// `MemoryLayout<UserContext>.size` bytes, rounded up to 16, hold the ``UserContext`` of the
/// program: an exception from EL0 stores it there (SP_EL1 points just above it while the program
/// runs), and the return loads it from there. The rest grows down from it.
public protocol Processor: Board {
  /// What the CPU's ID registers say, unfiltered.
  var idRegisters: IDRegisters { get }

  /// The table that the kernel half is translated by; nil where there is none, as in a process.
  var kernelRoot: PhysicalAddress? { get }

  /// Sends bytes on a channel of the console, framed.
  func write(_ channel: ConsoleFrame.Channel, _ bytes: UnsafeRawBufferPointer)

  /// Takes typed bytes, at most as many as fit, without waiting; 0 if nothing was typed,
  /// -1 if nothing more ever will be.
  func readConsole(into buffer: UnsafeMutableRawBufferPointer) -> Int

  /// Ends the machine: sends the record and turns the power off.
  func powerOff(_ record: EndRecord) -> Never

  /// Lets the user half be translated by the table at `root` under `asid` (TTBR0_EL1, `ISB`).
  ///
  /// Invalidates nothing: who reuses an ASID does.
  func activate(root: PhysicalAddress, asid: ASID)

  /// Lets the user half be translated by nothing (the reserved table of a kernel thread).
  func deactivateUserHalf()

  /// Stores x19–x30 and SP into one context, loads them from the other and returns there.
  ///
  /// Returns when some other task switches back.
  func switchContext(
    from: KernelPointer<SwitchedContext>, to: KernelPointer<SwitchedContext>)

  /// The code that a new task begins with, as the address for ``SwitchedContext/programCounter``:
  /// SP points at its ``UserContext``. It calls ``KernelState/beginTask()``, loads the context, and
  /// `ERET`s.
  var startOfTask: UInt64 { get }

  /// Stores q0–q31, FPSR and FPCR; loads them.
  func save(_ state: KernelPointer<VectorState>)
  func load(_ state: KernelPointer<VectorState>)

  /// The program's thread pointer (TPIDR_EL0).
  var threadPointer: UInt64 { get nonmutating set }

  /// The thread pointer that programs can only read (TPIDRRO_EL0); 0 but for 32-bit programs.
  var readOnlyThreadPointer: UInt64 { get nonmutating set }

  /// Instructions executed since reset, at EL0 and at EL1.
  var instructions: InstructionCounts { get }

  /// Has the program that runs interrupted when the virtual counter reaches `ticks`, which leads to
  /// ``KernelState/interruptProgram()``; nil for never.
  func setTimer(at ticks: UInt64?)

  /// Waits until the virtual counter reaches `ticks`, or something was typed, whichever is first;
  /// nil waits for typing alone. The timer is not set afterwards.
  func idle(until ticks: UInt64?)

  /// Gives the name of the function that an address of kernel code is in, with the distance and the
  /// length, as `%pS` prints it; the address itself where nobody knows it.
  func describeCode(at address: VirtualAddress, _ put: (UInt8) -> Void)

  /// Visits the return addresses of the functions that the kernel is in, the innermost first.
  func forEachCaller(_ body: (VirtualAddress) -> Void)

  /// What of the past a report must not hide (`print_tainted()`).
  func describeTaint(_ put: (UInt8) -> Void)

  /// Whether the tool has asked for everything to end now (``BoardFormat/ConsoleFrame/endRequest``).
  var endIsRequested: Bool { get }

  /// Ends everything because the kernel has found itself broken.
  func panic(_ message: StaticString) -> Never
}

extension Processor {
  public var kernelRoot: PhysicalAddress? { nil }
  public var endIsRequested: Bool { false }
  public func forEachCaller(_ body: (VirtualAddress) -> Void) {}

  public func describeTaint(_ put: (UInt8) -> Void) {
    let text: StaticString = "Not tainted"
    // SAFETY: a literal's bytes.
    for index in 0..<text.utf8CodeUnitCount { unsafe put(text.utf8Start[index]) }
  }

  public func describeCode(at address: VirtualAddress, _ put: (UInt8) -> Void) {
    put(0x30)
    put(0x78)
    var shift: UInt64 = 64
    while shift > 0 {
      shift &-= 4
      let digit = UInt8(truncatingIfNeeded: (address.rawValue &>> shift) & 15)
      put(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
    }
  }
}

/// Instructions by exception level.
public struct InstructionCounts: BitwiseCopyable, Hashable, Sendable {
  public var user: UInt64
  public var kernel: UInt64

  @inlinable public init(user: UInt64, kernel: UInt64) {
    self.user = user
    self.kernel = kernel
  }
}

/// What a task that is not running keeps of the CPU besides what the procedure call standard lets
/// any call destroy (Linux's `cpu_context`): x19–x30 and SP, where it continues.
///
/// The switch stores and loads it by offset: 13 registers of 8 bytes in this order.
public struct SwitchedContext: BitwiseCopyable, Sendable {
  /// x19–x28.
  public var saved: InlineArray<10, UInt64> = .init(repeating: 0)
  public var framePointer: UInt64 = 0
  public var programCounter: UInt64 = 0
  public var stackPointer: UInt64 = 0

  @inlinable public init() {}
}

/// The floating-point and SIMD registers of a program, as `STP Qn` stores them.
public struct VectorState: BitwiseCopyable, Sendable {
  /// q0–q31, the low half first.
  public var q: InlineArray<64, UInt64> = .init(repeating: 0)
  public var statusRegister: UInt64 = 0
  public var controlRegister: UInt64 = 0

  @inlinable public init() {}
}
