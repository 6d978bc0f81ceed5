import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// Making new generations in time (`lru_gen_age_node()`).
extension Reclaimer {
  /// kswapd ages every group that has too few old pages, and sees whether the youngest working set
  /// can be kept.
  func ageNode(_ scan: inout ScanControl) {
    scan.lastReclaimed = scan.reclaimed
    // What the last round took without aging it may take again.
    guard scan.needsAging else {
      scan.needsAging = true
      return
    }
    let protected = memory.pointee.settings.generationLife
    var isOldEnough = age(frames.pointee.lruVector(group: 0), scan, protected)
    forEachGroup(below: nil) { group in
      group.calculateProtection(from: nil)
      if !group.isBelowMinimum, age(group.pointee.lru, scan, protected) { isOldEnough = true }
    }
    // Everything was used within the time that is promised: somebody has to go.
    if !isOldEnough && protected != 0 && scan.order == 0 {
      frames.pointee.needsVictim = true
    }
  }

  /// Ages one vector; false if even its oldest generation is too young (`age_lruvec()`).
  private func age(
    _ vector: KernelPointer<LRUVector>, _ scan: ScanControl, _ protected: UInt64
  ) -> Bool {
    guard let generations = vector.pointee.generations else { return false }
    let swappiness = canSwap(vector.pointee.group) ? Int(memory.pointee.settings.swappiness) : 0
    let (isDue, pages) = isAgingDue(vector, generations, scan, swappiness)
    if protected != 0 {
      let oldest = Generations.number(generations.pointee.oldest[1])
      let birth = generations.pointee.births[oldest]
      if birth &+ protected > memory.pointee.board.clock.nanoseconds { return false }
      // Too little to be of help.
      if pages == 0 && scan.priority != ScanControl.firstPriority { return false }
    }
    if isDue { makeGeneration(vector, generations, canSwap: swappiness != 0) }
    return true
  }

  /// Looks at what was used, if the CPU notes it by itself, and makes a new generation
  /// (`try_to_inc_max_seq()`).
  ///
  /// Where it does not, every entry that is made old costs a fault: then only eviction looks, and
  /// around what it finds.
  func makeGeneration(
    _ vector: KernelPointer<LRUVector>, _ generations: KernelPointer<Generations>, canSwap: Bool
  ) {
    let settings = memory.pointee.settings
    if memory.pointee.board.hasHardwareAccessAndDirty && settings.walksTables {
      walkSpaces(vector, generations, canSwap: canSwap)
    }
    frames.pointee.beginGeneration(vector, canSwap: canSwap)
  }
}
