import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames
import Swap

/// Shrinking the generations of one vector (`lru_gen_shrink_lruvec()`).
extension Reclaimer {
  func shrinkGenerations(_ vector: KernelPointer<LRUVector>, _ scan: inout ScanControl) {
    guard let generations = vector.pointee.generations else { return }
    memory.pointee.swap.pointee.settle()
    frames.pointee.drainLRU()
    let before = scan.reclaimed
    let newest = generations.pointee.newest
    var scanned = 0
    while true {
      let swappiness = swappiness(of: vector, scan)
      let (wanted, needsAging) = lookCount(vector, generations, &scan, swappiness)
      guard wanted > 0 else { return }
      let (seen, swaps) = evict(vector, generations, &scan, swappiness)
      guard seen > 0 else { return }
      scanned &+= seen
      guard scanned < wanted, !isEnough(generations, since: newest, &scan, swaps: swaps) else {
        // Where there is still something old kswapd need not age before it comes again.
        if scan.reclaimed &- before >= Generations.batch && !needsAging { scan.needsAging = false }
        return
      }
    }
  }

  /// What anonymous pages cost, of 200; 0 where they cannot be taken (`get_swappiness()`).
  func swappiness(of vector: KernelPointer<LRUVector>, _ scan: ScanControl) -> Int {
    guard canSwap(vector.pointee.group) else { return 0 }
    let swappiness = Int(min(memory.pointee.settings.swappiness, 200))
    if scan.maySwap { return swappiness }
    return !scan.isOfGroup && swappiness != 0 ? 1 : 0
  }

  /// How many pages to look at, and whether a new generation is due (`get_nr_to_scan()`).
  private func lookCount(
    _ vector: KernelPointer<LRUVector>, _ generations: KernelPointer<Generations>,
    _ scan: inout ScanControl, _ swappiness: Int
  ) -> (pages: Int, needsAging: Bool) {
    let type = swappiness == 0 ? 1 : 0
    let oldest = generations.pointee.oldest[type]
    let newest = generations.pointee.newest
    let (isDue, pages) = isAgingDue(vector, generations, scan, swappiness)
    guard isDue else { return (pages, false) }
    if scan.priority != ScanControl.firstPriority {
      // kswapd ages before each of its rounds.
      if scan.isKswapd { return (0, true) }
      makeGeneration(vector, generations, canSwap: swappiness != 0)
      return (pages, true)
    }
    return (oldest &+ Generations.fewest <= newest ? pages : 0, true)
  }

  /// Whether a new generation is due: there are but two, or what is there is spread unevenly
  /// (`should_run_aging()`); and how many pages are to be looked at.
  func isAgingDue(
    _ vector: KernelPointer<LRUVector>, _ generations: KernelPointer<Generations>,
    _ scan: ScanControl, _ swappiness: Int
  ) -> (isDue: Bool, pages: Int) {
    let newest = generations.pointee.newest
    let first = swappiness == 0 ? 1 : 0
    var old = 0
    var young = 0
    var total = 0
    for type in first..<2 {
      var sequence = generations.pointee.oldest[type]
      while sequence <= newest {
        let size = generations.pointee.size(sequence, type)
        total &+= size
        if sequence == newest {
          young &+= size
        } else if sequence &+ Generations.fewest == newest {
          old &+= size
        }
        sequence &+= 1
      }
    }
    // Of a group that was removed everything is taken that is left.
    let isOnline = frames.pointee.group(vector.pointee.group)?.pointee.isOnline ?? true
    let pages = isOnline ? total &>> scan.priority : total
    let oldest = generations.pointee.oldest[first] &+ Generations.fewest
    if oldest != newest { return (oldest > newest, pages) }
    return (young &* 2 > total || old &* 4 < total, pages)
  }

  /// Whether a vector was shrunk enough (`should_abort_scan()`).
  private func isEnough(
    _ generations: KernelPointer<Generations>, since newest: UInt64, _ scan: inout ScanControl,
    swaps: Bool
  ) -> Bool {
    if scan.isKswapd {
      if scan.reclaimed &- scan.lastReclaimed < scan.wanted { return false }
    } else {
      // Each group is aged at most once.
      if generations.pointee.newest &- newest > 1 { return true }
      if scan.reclaimed >= scan.wanted && swaps { return true }
      if scan.isOfGroup { return false }
    }
    if scan.priority > ScanControl.firstPriority &- 2 { return false }
    guard frames.pointee.areAbove(isHigh: scan.isKswapd, upTo: scan.highest) else { return false }
    scan.reclaimed &+= Generations.batch
    return true
  }
}
