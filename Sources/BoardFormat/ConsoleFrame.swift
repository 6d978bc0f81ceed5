/// The framing of the serial line: everything the kernel sends is cut into frames.
///
/// ```
/// byte 0      0xA5
/// byte 1      Channel
/// bytes 2-3   payload length, little endian
/// then        the payload
/// ```
/// A stream that breaks the framing (a kernel that died while sending) is shown as log.
public enum ConsoleFrame {
  @inlinable public static var sync: UInt8 { 0xA5 }
  @inlinable public static var headerLength: Int { 4 }
  @inlinable public static var maximumPayload: Int { 0xFFFF }
  /// Sent by the tool when everything is to end now, so that what is to be taken back can be: a
  /// byte that no typed text has.
  @inlinable public static var endRequest: UInt8 { 0xFF }
  /// Typed last: nothing more will come, as a terminal's ^D says.
  @inlinable public static var endOfTyping: UInt8 { 4 }

  /// What a payload is.
  public enum Channel: UInt8, Sendable {
    /// Bytes the guest wrote to standard output, and to standard error.
    case standardOutput = 1
    case standardError = 2
    /// The kernel's log, whole lines.
    case log = 3
    /// A text begins; the payload is its name, as `maps` or `buddyinfo.before`.
    case textBegin = 4
    /// More of the text that began last.
    case text = 5
    /// The end of the machine: a ``EndRecord``.
    case end = 6
    /// ``TraceRecord``s, whole ones.
    case trace = 7
    /// What the tool takes back: ``ExportRecord``s.
    case export = 8
  }
}

/// How the machine ended.
public struct EndRecord: BitwiseCopyable, Sendable {
  public var reason: Reason
  /// The exit code, or the signal's number.
  public var status: UInt32
  /// The faulting address and the program counter, where a signal has them.
  public var address: UInt64
  public var programCounter: UInt64

  @inlinable public init(reason: Reason, status: UInt32, address: UInt64 = 0, pc: UInt64 = 0) {
    self.reason = reason
    self.status = status
    self.address = address
    programCounter = pc
  }

  /// Who ended it.
  public enum Reason: UInt32, BitwiseCopyable, Sendable {
    /// The program called exit.
    case exited = 0
    /// A signal ended the program.
    case signalled = 1
    /// The kernel's out-of-memory killer ended the program.
    case outOfMemory = 2
    /// The kernel could not start the program; status is the errno.
    case notStarted = 3
    /// The kernel died.
    case kernelFault = 4
    /// The machine stopped where it was to be looked at; status is the system call,
    /// or all ones at a probe.
    case stopped = 5
    /// The board file is not of the kernel's ``BoardVersion``; status is the one that it wants, or
    /// only its number.
    case otherVersion = 6
  }
}
