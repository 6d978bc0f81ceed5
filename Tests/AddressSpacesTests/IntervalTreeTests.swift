import MemoryTypes
import TestSupport
import Testing

@testable import AddressSpaces

/// An interval that hangs in a tree, for tests.
private struct Interval: IntervalNode {
  var interval = TreeLinks<Self>()
  var intervalBalance: Int8 = 0
  var firstPage: UInt64
  var last: UInt64
  func lastPage(_ shift: UInt64) -> UInt64 { last }

  static func intervalLinks(_ node: KernelPointer<Self>) -> KernelPointer<TreeLinks<Self>> {
    unsafe withUnsafeMutablePointer(to: &node.pointee.interval) { unsafe KernelPointer($0) }
  }

  static func intervalBalance(_ node: KernelPointer<Self>) -> KernelPointer<Int8> {
    unsafe withUnsafeMutablePointer(to: &node.pointee.intervalBalance) { unsafe KernelPointer($0) }
  }
}

/// The interval tree beside a list of intervals, every invariant checked after every step.
@Suite struct IntervalTreeTests {
  @Test(arguments: [UInt64(1), 2, 3])
  func againstAList(seed: UInt64) {
    var random = Random(seed: seed)
    var tree = IntervalTree<Interval>(root: nil, shift: 12)
    var all: [KernelPointer<Interval>] = []
    for step in 0..<3000 {
      let span = UInt64.random(in: 0...40, using: &random)
      switch UInt64.random(in: 0...9, using: &random) {
      case 0..<5 where all.count < 90:
        let first = UInt64.random(in: 0...60, using: &random)
        let node = kept(Interval(firstPage: first, last: first + span))
        tree.insert(node)
        all.append(node)
      case 5..<7 where !all.isEmpty:
        let node = all.remove(at: Int.random(in: 0..<all.count, using: &random))
        tree.remove(node)
      case 7 where !all.isEmpty:
        let node = all[Int.random(in: 0..<all.count, using: &random)]
        node.pointee.last = node.pointee.firstPage + span
        tree.lastChanged(node)
      case 8 where !all.isEmpty:
        let node = all[Int.random(in: 0..<all.count, using: &random)]
        node.pointee.firstPage = UInt64.random(in: 0...60, using: &random)
        node.pointee.last = node.pointee.firstPage + span
        tree.boundsChanged(node)
      default: break
      }
      check(tree.checkInvariants(), "seed \(seed) step \(step)")
      let low = UInt64.random(in: 0...110, using: &random)
      let high = low + UInt64.random(in: 0...10, using: &random)
      var found: Set<UInt> = []
      tree.forEach(overlapping: low...high) { found.insert($0.address) }
      let expected = Set(
        all.filter { $0.pointee.firstPage <= high && $0.pointee.last >= low }.map { $0.address })
      check(found == expected, "seed \(seed) step \(step): \(low)...\(high)")
    }
  }
}
