// The kernel's log: what the kernel says of itself, kept until somebody asks.
//
// Terms
// - A *record* is one message: a level, a facility (0 the kernel, 1 a program that wrote to
//   `/dev/kmsg`), a time, a text of at most ``KernelLog/longestText`` bytes, and a *sequence number*,
//   which no other record ever had. Its text may hold several lines.
// - A record is *open* while pieces may still be added to it (`KERN_CONT`): its last piece had no
//   newline. The next message closes it. Readers see closed records only.
// - The *ring* is the bytes that hold the records; the oldest give way to new ones. A record lies in
//   one piece: one that would reach around the end begins at the start instead.
// - A *reader* remembers a sequence number. If that record is gone, it goes on at the oldest.
//
// Invariants
// - `tail <= head`, `head - tail <= size`; all records lie between the two, sequence numbers rising
//   by one from `firstSequence` to `nextSequence - 1`.
// - `clearSequence`, `readSequence` and `shownSequence` are at most `nextSequence`.
//
// One CPU writes at a time. A lock would guard the whole object; Linux's ring does without
// (kernel/printk/printk_ringbuffer.c), since it must be written to from anywhere.
//
// Source: kernel/printk/printk.c of Linux 6.1.

import MemoryTypes

/// The ring and its readers' places; lives before its ring's bytes for as long as the machine.
@safe public struct KernelLog: ~Copyable {
  let resident = Resident()
  // SAFETY: `init` was promised `size` bytes that outlive the log; every access is within them.
  let ring: UnsafeMutableRawPointer
  /// The ring's bytes, a power of two (CONFIG_LOG_BUF_SHIFT).
  public let size: UInt64

  /// Bytes ever used up: where the next record begins, and where the oldest does.
  var head: UInt64 = 0
  var tail: UInt64 = 0
  /// The oldest record's number, and the number of the next one.
  public internal(set) var firstSequence: UInt64 = 0
  public internal(set) var nextSequence: UInt64 = 0
  /// The newest record is open, and where it begins.
  var isOpen = false
  var newest: UInt64 = 0

  /// Where a reader last found what it looked for: readers go through the records in order.
  var foundSequence: UInt64 = 0
  var foundPlace: UInt64 = 0

  /// The first record that was not cleared (`clear_seq`).
  public var clearSequence: UInt64 = 0
  /// The next record for SYSLOG_ACTION_READ and `/proc/kmsg`, and the bytes of it that were read.
  public var readSequence: UInt64 = 0
  public var readPart: UInt64 = 0
  /// The next record that the console has not seen.
  public var shownSequence: UInt64 = 0
  /// What klogctl sets: `console_loglevel`, and what it was before it was switched off.
  public var consoleLevel: Int32 = 1
  public var savedConsoleLevel: Int32 = -1
  /// Messages that are more urgent than this are shown at once, on the console.
  public var shownLevel: UInt8 = LogLevel.notice.rawValue
  /// Only whoever may administer the log sees any of it (`kernel.dmesg_restrict`).
  public var isRestricted = false
  /// Somebody waits for a record.
  public var hasWaiters = false

  /// An empty log in some bytes.
  ///
  /// Unsafe: `size` bytes, a power of two, must be the log's for ever, aligned to 8.
  @unsafe public init(ring: UnsafeMutableRawPointer, size: UInt64) {
    unsafe self.ring = ring
    self.size = size
  }

  /// The longest text of a record: with its zero what a console line has room for behind a prefix
  /// (`LOG_LINE_MAX`).
  public static var longestText: Int { 1024 &- 32 &- 1 }

  /// The number behind the last closed record.
  public var endSequence: UInt64 { isOpen ? nextSequence &- 1 : nextSequence }
}

/// The fixed part of a record; its text follows.
struct LogRecord: BitwiseCopyable {
  var sequence: UInt64
  /// Nanoseconds since the machine began.
  var time: UInt64
  var length: UInt16
  /// The facility times 8, and the level.
  var priority: UInt16
  /// Pieces were added to it (`LOG_CONT`).
  var isContinued: Bool
  /// No record, but what is left of the ring before its end.
  var isFiller: Bool
  var unused: UInt16 = 0

  static var headerLength: UInt64 { 24 }

  /// The bytes that the record takes in the ring.
  var footprint: UInt64 { (Self.headerLength &+ UInt64(length) &+ 7) & ~7 }
}
