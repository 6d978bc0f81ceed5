import MemoryTypes
import Tasks
import TestSupport
import Testing

/// The queue of signals beside a plain list, over random steps.
@Suite struct PendingSignalsTests {
  /// What Linux's list would do: entries in order of arrival.
  private struct Model {
    var entries: [(number: Int32, value: UInt64)] = []
    var bare: Set<Int32> = []

    mutating func take(_ number: Int32) -> UInt64? {
      guard let index = entries.firstIndex(where: { $0.number == number }) else {
        bare.remove(number)
        return nil
      }
      let value = entries.remove(at: index).value
      if !entries.contains(where: { $0.number == number }) { bare.remove(number) }
      return value
    }

    var set: UInt64 {
      var set: UInt64 = 0
      for entry in entries { set |= 1 << UInt64(entry.number - 1) }
      for number in bare { set |= 1 << UInt64(number - 1) }
      return set
    }
  }

  /// Entries as a slab cache would hand them out.
  private final class Entries {
    let account: KernelPointer<UserAccount>
    private(set) var alive = 0

    init() {
      let place = UnsafeMutablePointer<UserAccount>.allocate(capacity: 1)
      unsafe place.initialize(to: UserAccount(user: 0))
      account = unsafe KernelPointer(place)
    }
    deinit { unsafe account.raw.deallocate() }

    func make(_ number: Int32, _ value: UInt64, code: Int32) -> KernelPointer<QueuedSignal> {
      let place = UnsafeMutablePointer<QueuedSignal>.allocate(capacity: 1)
      var info = SignalInfo(Signal(rawValue: UInt32(number)), code: code)
      info.second = value
      unsafe place.initialize(to: QueuedSignal(info, account: account))
      alive += 1
      return unsafe KernelPointer(place)
    }

    func free(_ entry: KernelPointer<QueuedSignal>) {
      unsafe entry.raw.deallocate()
      alive -= 1
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func behavesAsAList(seed: UInt64) {
    var random = Random(seed: seed)
    var pending = PendingSignals()
    var model = Model()
    let entries = Entries()
    for step in 0..<20_000 as Range<UInt64> {
      // Few numbers, so that many share one.
      let number = Int32(random.below(seed % 2 == 0 ? 6 : 64)) + 1
      let signal = Signal(rawValue: UInt32(number))
      switch random.below(8) {
      case 0...3:
        pending.append(entries.make(number, step, code: 0))
        model.entries.append((number, step))
      case 4:
        pending.insert(signal)
        model.bare.insert(number)
      case 5, 6:
        let blocked = SignalSet(rawValue: random.next())
        guard let next = pending.next(blocked: blocked) else { continue }
        let entry = pending.take(next)
        #expect(
          entry?.pointee.info.second == model.take(Int32(next.rawValue)), "\(seed), \(step)")
        if let entry { entries.free(entry) }
      default:
        guard random.below(20) == 0 else { continue }
        let mask = SignalSet(rawValue: random.next() & random.next())
        pending.remove(mask) { entries.free($0) }
        model.entries.removeAll { mask.rawValue & 1 << UInt64($0.number - 1) != 0 }
        model.bare = model.bare.filter { mask.rawValue & 1 << UInt64($0 - 1) == 0 }
      }
      let set = pending.set.rawValue
      #expect(set == model.set, "\(seed), \(step)")
      guard step % 64 == 0 else { continue }
      let holds = pending.checkInvariants()
      #expect(holds, "\(seed), \(step)")
      var seen = 0
      pending.forEach { _ in seen += 1 }
      #expect(seen == model.entries.count)
    }
    pending.remove(.all) { entries.free($0) }
    let set = pending.set.rawValue
    #expect(entries.alive == 0 && set == 0, "\(seed)")
  }

  /// Between signals the number decides, but what instructions cause comes first; within one the
  /// order of arrival.
  @Test func theLowestComesFirstButFaultsBeforeAll() {
    var pending = PendingSignals()
    let entries = Entries()
    for (number, value) in [(40, 1), (1, 2), (11, 3), (40, 4), (31, 5), (2, 6)] as [(Int32, UInt64)]
    {
      pending.append(entries.make(number, value, code: 1))
    }
    var order: [UInt64] = []
    while let signal = pending.next(blocked: SignalSet()) {
      guard let entry = pending.take(signal) else { break }
      order.append(entry.pointee.info.second)
      entries.free(entry)
    }
    #expect(order == [3, 5, 2, 6, 1, 4])
  }

  /// Only what came with a code above SI_USER is the thread's own doing.
  @Test func onlyFaultsAreSynchronous() {
    var pending = PendingSignals()
    let entries = Entries()
    pending.append(entries.make(11, 1, code: 0))
    pending.append(entries.make(7, 2, code: 2))
    let held = pending.takeSynchronous(blocked: SignalSet(rawValue: 1 << 6))
    #expect(held == nil)
    let entry = pending.takeSynchronous(blocked: SignalSet())
    #expect(entry?.pointee.info.second == 2)
    if let entry { entries.free(entry) }
    let nothing = pending.takeSynchronous(blocked: SignalSet())
    #expect(nothing == nil)
    pending.remove(.all) { entries.free($0) }
    #expect(entries.alive == 0)
  }
}
