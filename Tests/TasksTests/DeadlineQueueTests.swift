import MemoryTypes
import TestSupport
import Testing

@testable import Tasks

@Suite struct DeadlineQueueTests {
  /// Deadlines at addresses of their own, which the queue links.
  @safe final class Deadlines {
    let base: UnsafeMutablePointer<Deadline>
    let count: Int
    init(_ count: Int) {
      self.count = count
      unsafe base = .allocate(capacity: count)
      for index in 0..<count {
        unsafe (base + index).initialize(to: Deadline(.sleep, object: UInt(index)))
      }
    }
    deinit {
      unsafe base.deinitialize(count: count)
      unsafe base.deallocate()
    }
    subscript(index: Int) -> KernelPointer<Deadline> { unsafe KernelPointer(base + index) }
  }

  /// Random additions and removals, beside a sorted list; the first is always the list's.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func firstIsTheEarliest(seed: UInt64) {
    var random = Random(seed: seed)
    let deadlines = Deadlines(200)
    var queue = DeadlineQueue()
    var model: [(moment: UInt64, order: Int, index: Int)] = []
    for step in 0..<4000 {
      let index = Int.random(in: 0..<200, using: &random)
      let isQueued = model.contains { $0.index == index }
      #expect(deadlines[index].pointee.isQueued == isQueued, "seed \(seed)")
      switch Int.random(in: 0..<4, using: &random) {
      case 0...2:
        if isQueued { break }
        // Few moments, so that many are equal.
        let moment = UInt64.random(in: 0..<32, using: &random)
        queue.add(deadlines[index], at: moment)
        model.append((moment, step, index))
        model.sort { ($0.moment, $0.order) < ($1.moment, $1.order) }
      case 3 where !model.isEmpty && Bool.random(using: &random):
        guard let first = queue.first else { break }
        queue.remove(first)
        #expect(Int(first.pointee.object) == model.removeFirst().index, "seed \(seed)")
      default:
        queue.remove(deadlines[index])
        model.removeAll { $0.index == index }
      }
      #expect(queue.count == model.count, "seed \(seed) step \(step)")
      #expect(
        queue.first.map { Int($0.pointee.object) } == model.first?.index, "seed \(seed) \(step)")
      if step % 50 == 0 { queue.checkInvariants() }
    }
    while let first = queue.first {
      queue.remove(first)
      #expect(Int(first.pointee.object) == model.removeFirst().index, "seed \(seed)")
      queue.checkInvariants()
    }
    #expect(model.isEmpty)
  }

  @Test func removingWhatIsNotQueuedDoesNothing() {
    let deadlines = Deadlines(2)
    var queue = DeadlineQueue()
    queue.remove(deadlines[0])
    queue.add(deadlines[0], at: 5)
    queue.remove(deadlines[1])
    #expect(queue.count == 1)
    queue.remove(deadlines[0])
    queue.remove(deadlines[0])
    #expect(queue.count == 0 && queue.first == nil)
  }
}
