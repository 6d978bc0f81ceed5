// Queues of signals.
//
// Terms
// - A signal is *pending* for a thread, or for a process, from when it is sent until a thread takes
//   it. Which are is a set of bits; what came with them is a queue of entries.
// - A *standard* signal (1 to 31) that is pending already is not queued again. A *real-time* signal
//   (32 to 64) is queued as often as it is sent, while the user's entries are fewer than
//   RLIMIT_SIGPENDING.
// - A bit without an entry is a signal that there was no room for: it comes as from nobody.
//
// Linux keeps one list in the order of arrival and walks it for each signal taken, so taking one of
// 10,000 entries may look at all. Here the entries of one signal form a ring, and the list holds
// the rings' last entries, at most 64: sending and taking cost the same however many there are. The
// order is the same: between signals the number decides, within one the order of arrival.
//
//     an entry of signal n is in the list  ⇒  bit n - 1 of the set
//     list of rings: last entry of each; last.same = the first; entry.same = the one that came next
//
// Source: kernel/signal.c (__send_signal_locked, collect_signal, flush_sigqueue_mask).

public import MemoryTypes

/// One signal in a queue (`struct sigqueue`).
@safe public struct QueuedSignal: ~Copyable {
  public var info: SignalInfo
  /// In the last entry of a ring: the next ring's last entry.
  var next: KernelPointer<QueuedSignal>?
  /// The entry that came after it; of the last, the first.
  var same: KernelPointer<QueuedSignal>?
  /// Whose entry it is, by RLIMIT_SIGPENDING.
  public let account: KernelPointer<UserAccount>
  /// Whether it belongs to a timer, which uses it again and frees it (SIGQUEUE_PREALLOC).
  public internal(set) var isOfTimer: Bool
  public internal(set) var isQueued = false
  // Behind the others, where it takes no room: 80 bytes, as Linux's.
  let resident = Resident()

  public init(
    _ info: SignalInfo, account: KernelPointer<UserAccount>, isOfTimer: Bool = false
  ) {
    self.info = info
    self.account = account
    self.isOfTimer = isOfTimer
  }
}

/// What is pending for a thread or a process (`struct sigpending`).
///
/// With several CPUs the handler table's lock guards it.
public struct PendingSignals: ~Copyable {
  public internal(set) var set = SignalSet()
  private var rings: KernelPointer<QueuedSignal>?

  public init() {}

  /// Queues an entry behind those of its signal.
  public mutating func append(_ entry: KernelPointer<QueuedSignal>) {
    let number = entry.pointee.info.number
    set.insert(entry.pointee.info.signal)
    entry.pointee.isQueued = true
    entry.pointee.next = nil
    entry.pointee.same = entry
    var previous: KernelPointer<QueuedSignal>?
    var ring = rings
    while let last = ring {
      if last.pointee.info.number == number {
        entry.pointee.same = last.pointee.same
        last.pointee.same = entry
        entry.pointee.next = last.pointee.next
        last.pointee.next = nil
        break
      }
      previous = last
      ring = last.pointee.next
    }
    if let previous { previous.pointee.next = entry } else { rings = entry }
  }

  /// Notes a signal without an entry.
  @inline(__always) public mutating func insert(_ signal: Signal) { set.insert(signal) }

  /// Takes the oldest entry of a signal out, or the bare signal (collect_signal()).
  public mutating func take(_ signal: Signal) -> KernelPointer<QueuedSignal>? {
    var previous: KernelPointer<QueuedSignal>?
    var ring = rings
    while let last = ring {
      guard last.pointee.info.signal == signal, let first = last.pointee.same else {
        previous = last
        ring = last.pointee.next
        continue
      }
      if first == last {
        set.remove(signal)
        if let previous {
          previous.pointee.next = last.pointee.next
        } else {
          rings = last.pointee.next
        }
      } else {
        last.pointee.same = first.pointee.same
      }
      first.pointee.same = nil
      first.pointee.next = nil
      first.pointee.isQueued = false
      return first
    }
    set.remove(signal)
    return nil
  }

  /// Takes out the oldest that the thread caused itself by an instruction: a synchronous signal
  /// with a code above SI_USER (dequeue_synchronous_signal()).
  public mutating func takeSynchronous(blocked: SignalSet) -> KernelPointer<QueuedSignal>? {
    guard set.rawValue & ~blocked.rawValue & SignalSet.synchronous.rawValue != 0 else {
      return nil
    }
    var ring = rings
    while let last = ring {
      let signal = last.pointee.info.signal
      if SignalSet.synchronous.contains(signal), !blocked.contains(signal),
        last.pointee.same?.pointee.info.code ?? 0 > 0
      {
        return take(signal)
      }
      ring = last.pointee.next
    }
    return nil
  }

  /// Forgets signals (flush_sigqueue_mask()); the entries are handed out to be freed.
  @inline(__always)
  public mutating func remove(
    _ signals: SignalSet, _ free: (KernelPointer<QueuedSignal>) -> Void
  ) {
    guard set.rawValue & signals.rawValue != 0 else { return }
    while rings != nil, let signal = firstQueued(of: signals) {
      while set.contains(signal) {
        if let entry = take(signal) { free(entry) }
      }
    }
    set = SignalSet(rawValue: set.rawValue & ~signals.rawValue)
  }

  /// Forgets the entries whose information fits; they are handed out to be freed.
  public mutating func remove(
    where fits: (SignalInfo) -> Bool, _ free: (KernelPointer<QueuedSignal>) -> Void
  ) {
    guard rings != nil else { return }
    for number in 1...Signal.count {
      let signal = Signal(rawValue: number)
      guard set.contains(signal) else { continue }
      var count = 0
      forEach { if $0.pointee.info.signal == signal { count &+= 1 } }
      // Each is taken out, and what does not fit goes back behind the others.
      for _ in 0..<count {
        guard let entry = take(signal) else { break }
        if fits(entry.pointee.info) { free(entry) } else { append(entry) }
      }
    }
  }

  private func firstQueued(of signals: SignalSet) -> Signal? {
    var ring = rings
    while let last = ring {
      if signals.contains(last.pointee.info.signal) { return last.pointee.info.signal }
      ring = last.pointee.next
    }
    return nil
  }

  /// Calls a function with every entry, oldest first within a signal.
  public func forEach(_ body: (KernelPointer<QueuedSignal>) -> Void) {
    var ring = rings
    while let last = ring {
      ring = last.pointee.next
      var entry = last.pointee.same
      while let found = entry {
        entry = found == last ? nil : found.pointee.same
        body(found)
      }
    }
  }

  /// The signal to take next of those that are not blocked: what instructions cause, then the
  /// lowest (next_signal()).
  @inline(__always) public func next(blocked: SignalSet) -> Signal? {
    let open = set.rawValue & ~blocked.rawValue
    guard open != 0 else { return nil }
    let synchronous = open & SignalSet.synchronous.rawValue
    let first = (synchronous != 0 ? synchronous : open).trailingZeroBitCount
    return Signal(rawValue: UInt32(truncatingIfNeeded: first) &+ 1)
  }

  /// Whether rings and set agree; for tests.
  public func checkInvariants() -> Bool {
    var seen = SignalSet()
    var ring = rings
    while let last = ring {
      let signal = last.pointee.info.signal
      guard !seen.contains(signal), set.contains(signal) else { return false }
      seen.insert(signal)
      var entry = last.pointee.same
      while let found = entry {
        guard found.pointee.isQueued, found.pointee.info.signal == signal else { return false }
        if found == last { break }
        guard found.pointee.next == nil else { return false }
        entry = found.pointee.same
      }
      guard entry != nil else { return false }
      ring = last.pointee.next
    }
    return true
  }
}
