// When memory has run out: who is killed, and what the log says of it.
//
// Terms
// - A *request* (``OutOfMemoryRequest``) is the allocation, or the charge to a memory group, that
//   found nothing after everything else was tried.
// - *Badness* is what killing a process would win: its resident pages, what it has in swap, and its
//   tables; plus what its `oom_score_adj` adds, in thousandths of all that there is to have.
// - The *victim* is the process with most of it. Everybody who runs in its memory dies with it, for
//   one alone would not free a page. From then on the victim may go half as deep into the reserve
//   as others, and nobody else is killed as long as it may still free something.
// - The *reaper* takes the victim's private pages out of its tables two seconds later, if it has not
//   come to die by then. After that it is passed over: what it has is what it cannot give.
//
// States of an address space (``AddressSpaces/OutOfMemoryState``):
//
//     (none) ──kill──▶ victim ──2 s──▶ reaped         exit: gone with the space
//
// Invariants
// - a process whose `isOutOfMemoryVictim` is set has SIGKILL pending, or is ending;
// - while a space is a victim's and not reaped, a request kills nobody (`oom_evaluate_task()`).
//
// Differences from Linux. There is one node, so the constraints are two: none, and a memory group's.
// Where every process is exempt, Linux panics; here whoever asked is killed, since no program may end
// the machine.
//
// With several CPUs: `oom_lock` is the kernel store's; one request is served at a time.
//
// Source: mm/oom_kill.c of Linux 6.1.

import Arm64
public import MemoryTypes
public import PageFrames

/// What could not be had (`struct oom_control`).
public struct OutOfMemoryRequest: BitwiseCopyable, Sendable {
  /// What the allocation was allowed to do.
  public var flags: GFP
  /// The order of the block, or of the charge.
  public var order: Int
  /// The memory group whose limit it met; 0, the root, is the machine.
  public var group: UInt32
  /// The pages that could be had at most: the group's limit; of the machine it is known.
  public var limit: PageCount

  public init(
    _ flags: GFP, order: Int = 0, group: UInt32 = 0, limit: PageCount = PageCount(0)
  ) {
    self.flags = flags
    self.order = order
    self.group = group
    self.limit = limit
  }

  /// Whether the limit is a group's (`is_memcg_oom()`).
  var isOfGroup: Bool { group != 0 }

  /// A page of a program, which is what most requests are for.
  @inlinable public static var userPage: Self {
    Self([.highUserMovable, .compound, .zero])
  }
}

/// What came of a request.
public enum OutOfMemoryOutcome: BitwiseCopyable, Sendable {
  /// A process was killed, this one or another.
  case killed
  /// Somebody is dying already: there will be memory.
  case waits
  /// There is nobody to kill (only of a memory group).
  case nobody
}

/// What is kept between requests.
struct OutOfMemoryRecords: BitwiseCopyable {
  /// Reports are ten in five seconds at most (`oom_rs`).
  var reports = RateLimit()

  init() {}
}

/// So many messages in so much time, the others counted (lib/ratelimit.c).
struct RateLimit: BitwiseCopyable {
  private var begin: UInt64?
  private var printed = 0
  private(set) var missed = 0

  init() {}

  /// DEFAULT_RATELIMIT_INTERVAL and DEFAULT_RATELIMIT_BURST.
  static var interval: UInt64 { 5_000_000_000 }
  static var burst: Int { 10 }

  /// Whether a message may be printed now, and how many were suppressed before it.
  mutating func allows(at nanoseconds: UInt64) -> (Bool, suppressed: Int) {
    var suppressed = 0
    if let begin {
      if nanoseconds > begin &+ Self.interval {
        suppressed = missed
        self = RateLimit()
        self.begin = nanoseconds
      }
    } else {
      begin = nanoseconds
    }
    guard printed < Self.burst else {
      missed &+= 1
      return (false, suppressed)
    }
    printed &+= 1
    return (true, suppressed)
  }
}
