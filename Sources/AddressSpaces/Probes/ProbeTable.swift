// Probes: listening to places in programs, as Linux's uprobes do (kernel/events/uprobes.c).
//
// Terms
// - A *probe* is an instruction of a file. Whoever maps the file privately to execute it, and not to
//   write, has a breakpoint there instead, in a copy of the page that is its own, as a debugger's.
// - The instruction itself is executed *out of line*: a page of the program, `slots`, has a copy of
//   it for each breakpoint, and behind it the way back. x17 is spent on that, which no function may
//   count on finding unchanged when it is called (Procedure Call Standard for the Arm 64-bit
//   Architecture, 6.1.1). An instruction that depends on where it is, is done by the kernel.
// - A function's return is heard by letting it return to a breakpoint of that page.
//
// A slot, 32 bytes: the instruction; `ldr x17, .+12`; `ret x17` (RET needs no landing pad where
// branch targets are guarded); nothing; the address behind the breakpoint.
//
// Other than Linux, which single-steps the copy and looks for the breakpoint by its address: one
// exception instead of two, and the number in BRK names the probe. The page of slots is an ordinary
// private mapping in the middle of the address space, not the highest free place: nothing that the
// program maps moves because it is listened to.

public import BoardFormat
import MemoryTypes

/// One place that is listened to.
public struct Probe: BitwiseCopyable, Sendable {
  /// Of which file: its inode's address, which stays, since the table holds a reference.
  public var inode: UInt
  /// The instruction's offset in the file, and the instruction.
  public var offset: UInt64
  public var word: UInt32
  public var tag: UInt16
  public var options: ProbeRequest.Options

  public init(
    inode: UInt, offset: UInt64, word: UInt32, tag: UInt16, options: ProbeRequest.Options
  ) {
    self.inode = inode
    self.offset = offset
    self.word = word
    self.tag = tag
    self.options = options
  }
}

/// All probes of the machine; they never change once the first program runs.
public struct ProbeTable: ~Copyable {
  let resident = Resident()
  public private(set) var count = 0
  /// How often a place was come by at which the machine is to stop.
  public var arrivals: UInt64 = 0
  var probes = InlineArray<32, Probe>(
    repeating: Probe(inode: 0, offset: 0, word: 0, tag: 0, options: []))

  public init() {}

  public subscript(index: Int) -> Probe { probes[index] }

  /// Adds a probe; false where there is no room.
  public mutating func add(_ probe: Probe) -> Bool {
    guard count < ProbeRequest.maximum else { return false }
    probes[count] = probe
    count &+= 1
    return true
  }

  /// The numbers in BRK that are ours, and the last of them, where functions return to.
  public static var immediates: UInt64 { 0x4b00 }
  public static var returnImmediate: UInt64 { 0x4bff }

  /// The instruction `BRK #immediate`.
  static func breakpoint(_ immediate: UInt64) -> UInt32 {
    0xd420_0000 | UInt32(truncatingIfNeeded: immediate) &<< 5
  }

  /// A slot's bytes, how many a page has at least, and the one for returns.
  static var slotSize: UInt64 { 32 }
  static var slots: Int { 128 }
  static var returnSlot: Int { 127 }
}
