import Arm64
import HardwareModel

/// The reference's own counts, to be compared one by one.
struct ReferenceCounters {
  struct Row<Value> {
    var values: [Value]
    subscript(kind: AccessKind, privilege: Privilege) -> Value {
      get { values[Int(kind.rawValue) * 2 + (privilege == .kernel ? 1 : 0)] }
      set { values[Int(kind.rawValue) * 2 + (privilege == .kernel ? 1 : 0)] = newValue }
    }
  }

  var accesses = Row(values: Array(repeating: UInt64(0), count: 8))
  var served = Row(values: Array(repeating: [UInt64](repeating: 0, count: 4), count: 8))
  var uncached = Row(values: Array(repeating: UInt64(0), count: 8))
  var tlbMisses = Row(values: Array(repeating: UInt64(0), count: 8))
  var sharedTLBHits = Row(values: Array(repeating: UInt64(0), count: 8))
  var walks = Row(values: Array(repeating: UInt64(0), count: 8))
  var walkReads = Array(repeating: [UInt64](repeating: 0, count: 4), count: 2)
  var descriptorReads = Array(repeating: [UInt64](repeating: 0, count: 5), count: 2)
  var walkCacheHits: [UInt64] = [0, 0]
  var dirtyUpdates: [UInt64] = [0, 0]
  var faults: [UInt64] = [0, 0]
  var writeBacks: [UInt64] = [0, 0, 0]
  var invalidations: UInt64 = 0

  /// What differs from the model's, by name.
  func differences(from model: Counters) -> [String] {
    var all: [String] = []
    func compare(_ name: String, _ own: UInt64, _ theirs: UInt64) {
      if own != theirs { all.append("\(name): \(theirs), the reference has \(own)") }
    }
    for kind in AccessKind.allCases {
      for privilege in [Privilege.user, .kernel] {
        let who = "\(kind) \(privilege)"
        compare("accesses \(who)", accesses[kind, privilege], model[.accesses(kind, privilege)])
        for level in ServedBy.allCases {
          compare(
            "served \(who) by \(level)", served[kind, privilege][level.rawValue],
            model[.served(kind, privilege, level)])
        }
        compare("uncached \(who)", uncached[kind, privilege], model[.uncached(kind, privilege)])
        compare("tlbMisses \(who)", tlbMisses[kind, privilege], model[.tlbMisses(kind, privilege)])
        compare(
          "sharedTLBHits \(who)", sharedTLBHits[kind, privilege],
          model[.sharedTLBHits(kind, privilege)])
        compare("walks \(who)", walks[kind, privilege], model[.walks(kind, privilege)])
      }
    }
    for (row, privilege) in [Privilege.user, .kernel].enumerated() {
      for level in ServedBy.allCases {
        compare(
          "walkReads \(privilege) \(level)", walkReads[row][level.rawValue],
          model[.walkReads(privilege, level)])
      }
      for level in -1...3 {
        compare(
          "descriptorReads \(privilege) \(level)", descriptorReads[row][level + 1],
          model[.descriptorReads(privilege, level: level)])
      }
      compare("walkCacheHits \(privilege)", walkCacheHits[row], model[.walkCacheHits(privilege)])
      compare("dirtyUpdates \(privilege)", dirtyUpdates[row], model[.dirtyUpdates(privilege)])
      compare("faults \(privilege)", faults[row], model[.faults(privilege)])
    }
    for (row, level) in [ServedBy.first, .second, .last].enumerated() {
      compare("writeBacks \(level)", writeBacks[row], model[.writeBacks(level)])
    }
    compare("invalidations", invalidations, model[.invalidations])
    return all
  }
}
