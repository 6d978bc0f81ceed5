import MemorySupport
import MemoryTypes
import TestSupport
import Testing

@testable import AddressSpaces

/// The tree of areas against a sorted array.
@Suite struct AreaTreeTests {
  /// Areas of pages of one byte; their memory stays.
  final class Model {
    var tree = AreaTree(stackGuard: ByteCount(16))
    var areas: [KernelPointer<VirtualMemoryArea>] = []

    func insert(_ start: UInt64, _ end: UInt64, growsDown: Bool) {
      let area = kept(
        VirtualMemoryArea(
          start: VirtualAddress(start), end: VirtualAddress(end),
          flags: growsDown ? .growsDown : [], pageOffset: 0))
      let place = areas.firstIndex { $0.pointee.start.rawValue > start } ?? areas.count
      tree.insert(area, after: place == 0 ? nil : areas[place - 1])
      areas.insert(area, at: place)
    }

    func remove(_ index: Int) {
      tree.remove(areas[index])
      areas.remove(at: index)
    }

    func isFree(_ start: UInt64, _ end: UInt64) -> Bool {
      areas.allSatisfy {
        end <= tree.guardedStart($0).rawValue || start >= $0.pointee.end.rawValue
          || end <= start
      }
    }

    /// The gaps as ranges, the open end on top included.
    var gaps: [(UInt64, UInt64)] {
      var result: [(UInt64, UInt64)] = []
      var floor: UInt64 = 0
      for area in areas {
        let ceiling = tree.guardedStart(area).rawValue
        if ceiling > floor { result.append((floor, ceiling)) }
        floor = area.pointee.end.rawValue
      }
      result.append((floor, .max))
      return result
    }

    func highest(_ length: UInt64, _ low: UInt64, _ high: UInt64) -> UInt64? {
      for (start, end) in gaps.reversed() {
        let floor = max(start, low)
        let ceiling = min(end, high)
        if ceiling >= floor, ceiling - floor >= length { return ceiling - length }
      }
      return nil
    }

    func lowest(_ length: UInt64, _ low: UInt64, _ high: UInt64) -> UInt64? {
      for (start, end) in gaps {
        let floor = max(start, low)
        let ceiling = min(end, high)
        if ceiling >= floor, ceiling - floor >= length { return floor }
      }
      return nil
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
  func model(seed: UInt64) {
    var random = Random(seed: seed)
    let model = Model()
    let space: UInt64 = 1 << (8 + seed)
    for step in 0..<1500 {
      let start = UInt64.random(in: 0..<space, using: &random)
      let length = UInt64.random(in: 1...12, using: &random)
      switch UInt64.random(in: 0..<8, using: &random) {
      case 0...3:
        let clash = model.areas.contains {
          $0.pointee.start.rawValue < start + length && start < $0.pointee.end.rawValue
        }
        if !clash { model.insert(start, start + length, growsDown: start % 11 == 0) }
      case 4, 5:
        if let index = model.areas.indices.randomElement(using: &random) { model.remove(index) }
      case 6:
        // Moves a bound into free room.
        guard let index = model.areas.indices.randomElement(using: &random) else { continue }
        let area = model.areas[index]
        if step % 2 == 0 {
          let floor = index == 0 ? 0 : model.areas[index - 1].pointee.end.rawValue
          let end = area.pointee.end.rawValue
          model.tree.setStart(area, VirtualAddress(.random(in: floor..<end, using: &random)))
        } else {
          let ceiling =
            index + 1 < model.areas.count
            ? model.areas[index + 1].pointee.start.rawValue : space + 100
          let start = area.pointee.start.rawValue
          model.tree.setEnd(area, VirtualAddress(.random(in: start + 1...ceiling, using: &random)))
        }
      default:
        let low = UInt64.random(in: 0..<space, using: &random)
        let high = UInt64.random(in: 0..<space + 40, using: &random)
        let found = model.tree.highestRoom(
          ByteCount(length), from: VirtualAddress(low), to: VirtualAddress(high))
        let expected = high < low ? nil : model.highest(length, low, high)
        check(found?.rawValue == expected, "seed \(seed) step \(step)")
        let lowFound = model.tree.lowestRoom(
          ByteCount(length), from: VirtualAddress(low), to: VirtualAddress(high))
        let lowExpected = high < low ? nil : model.lowest(length, low, high)
        check(lowFound?.rawValue == lowExpected, "seed \(seed) step \(step)")
      }
      guard model.tree.checkInvariants() else {
        Issue.record("seed \(seed) step \(step): invariants")
        return
      }
      let probe = VirtualAddress(start)
      check(
        model.tree.area(endingAbove: probe)
          == model.areas.first { $0.pointee.end > probe }, "seed \(seed) step \(step)")
      check(model.tree.count == model.areas.count)
    }
  }
}
