import Foundation
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces

/// Everything at once: what programs do to memory, and what is done to theirs.
///
/// Programs write, fork, end, forget, lock and move; there are reclaim, swap, migration, compaction,
/// groups and their limits. After each step all counts and lists are
/// compared with what is there, and no word is lost.
@Suite struct StressTests {
  static let isLong = ProcessInfo.processInfo.environment["KILBURN_LONG_TESTS"] != nil
  static let steps = isLong ? 6_000 : 150

  @Test(
    arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB],
    (isLong ? 1...6 : 1...2) as ClosedRange<UInt64>)
  func nothingIsLostAndEverythingCounted(size: PageSize, seed: UInt64) throws {
    var world = try StressWorld(size, seed: seed &* 1000 &+ size.shift)
    defer { world.machine.end() }
    // Odd ones begin with generations; all go over from time to time.
    if seed % 2 == 1 { world.switchPolicy() }
    try #require(world.begin(in: nil).map { world.programs.append($0) } != nil)
    for step in 0..<Self.steps {
      world.step = step
      act(&world)
      world.checkEverything(withReverseMap: step % 16 == 0)
    }
    world.seen["swapped out"] = world.frames.pointee.statistic(.pswpout)
    world.seen["swapped in"] = world.frames.pointee.statistic(.pswpin)
    finish(&world)
    // A short run does not come to everything.
    guard Self.isLong else { return }
    for what in [
      "forked", "moved", "reclaimed", "migrated one", "swapped out", "swapped in", "swapoff",
      "a group's limit", "generations", "lists",
    ] {
      #expect(world.seen[what, default: 0] > 0, "\(what), seed \(world.seed): \(world.seen)")
    }
  }

  private func act(_ world: inout StressWorld) {
    let who = world.random.below(world.programs.count)
    switch world.random.below(100) {
    case 0..<20: for _ in 0..<24 { world.write(who) }
    case 20..<40:
      for _ in 0..<8 { world.check(who, world.random.below(StressWorld.ownPages)) }
    case 40..<48: world.share(who)
    case 48..<60: for _ in 0..<4 { world.useFile(who) }
    case 60..<66: world.advise(who)
    case 66..<70: world.reclaim()
    case 70..<75: world.compact()
    case 75..<79: for _ in 0..<4 { world.migrate(who) }
    case 79..<83: world.changeGroups()
    case 83..<85: if world.chance(1, of: 3) { world.switchPolicy() } else { world.switchSwap() }
    case 85..<88: world.move(who)
    case 88..<91: world.lock(who)
    case 91..<93: world.mapAnew(who)
    case 93..<96: if world.programs.count < 6 { world.fork(who) }
    case 96..<98:
      guard world.programs.count > 1 else { return }
      let program = world.programs.remove(at: who)
      world.end(program.space)
    default:
      guard world.programs.count < 6 else { return }
      let group = world.groups.isEmpty ? nil : world.groups[world.random.below(world.groups.count)]
      if let new = world.begin(in: group) { world.programs.append(new) }
    }
  }

  /// All that is there is read once more, and everything given back.
  private func finish(_ world: inout StressWorld) {
    for who in world.programs.indices {
      for index in 0..<StressWorld.ownPages { world.check(who, index) }
    }
    while let program = world.programs.popLast() {
      world.end(program.space)
      world.checkEverything(withReverseMap: true)
    }
    let left = world.machine.frames.pointee.statistic(.nr_anon_pages)
    #expect(left == 0, "seed \(world.seed)")
    if !world.isSwapOn { return }
    world.switchSwap()
    #expect(!world.isSwapOn, "seed \(world.seed): slots that nobody names")
  }
}
