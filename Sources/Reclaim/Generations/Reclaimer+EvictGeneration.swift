import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames
import Swap

/// Taking pages of the oldest generation (`evict_folios()`).
extension Reclaimer {
  /// One batch; how many pages were looked at, 0 where it is no use to go on, and whether it was
  /// anonymous ones.
  func evict(
    _ vector: KernelPointer<LRUVector>, _ generations: KernelPointer<Generations>,
    _ scan: inout ScanControl, _ swappiness: Int
  ) -> (seen: Int, isAnonymous: Bool) {
    let frames = frames
    var (seen, taken, type) = isolate(vector, generations, scan, swappiness)
    if frames.pointee.leaveEmptyGenerations(vector, canSwap: swappiness != 0) { seen &+= 1 }
    if generations.pointee.count(swappiness == 0 ? 1 : 0) == Generations.fewest { seen = 0 }
    guard taken != 0 else { return (seen, false) }
    frames.pointee.countEach(type == 1 ? .nr_isolated_file : .nr_isolated_anon, by: taken)
    let isolated = taken
    var isLast = false
    repeat {
      var figures = BatchFigures()
      let reclaimed = shrinkHeld(&scan, &figures)
      scan.reclaimed &+= reclaimed
      scan.met.unqueuedDirty &+= figures.unqueuedDirty
      scan.met.writeback &+= figures.writeback
      if !scan.isOfGroup {
        frames.pointee.count(scan.isKswapd ? .pgsteal_kswapd : .pgsteal_direct, by: reclaimed)
      }
      countSteal(vector, scan, reclaimed)
      frames.pointee.count(type == 1 ? .pgsteal_file : .pgsteal_anon, by: reclaimed)
      taken = frames.pointee.sortKept(isLast: isLast)
      frames.pointee.putBack(.kept)
      isLast = true
    } while taken != 0
    scan.met.taken &+= isolated
    if type == 1 { scan.met.fileTaken &+= isolated }
    frames.pointee.countEach(type == 1 ? .nr_isolated_file : .nr_isolated_anon, by: -isolated)
    return (seen, type == 0)
  }

  /// Takes up to 64 pages of the type that it costs less to do without, or of the other one
  /// (`isolate_folios()`).
  private func isolate(
    _ vector: KernelPointer<LRUVector>, _ generations: KernelPointer<Generations>,
    _ scan: ScanControl, _ swappiness: Int
  ) -> (seen: Int, taken: Int, type: Int) {
    var type: Int
    var tier = -1
    if swappiness == 0 {
      type = 1
    } else if generations.pointee.oldest[0] < generations.pointee.oldest[1] {
      type = 0
    } else if swappiness == 1 {
      type = 1
    } else if swappiness == 200 {
      type = 0
    } else {
      (type, tier) = generations.pointee.typeToScan(swappiness: swappiness)
    }
    for _ in (swappiness == 0 ? 1 : 0)..<2 {
      if tier < 0 { tier = generations.pointee.lastTier(type) }
      let found = scanOldest(vector, scan, type, tier)
      if found.seen != 0 { return (found.seen, found.taken, type) }
      type = 1 &- type
      tier = -1
    }
    return (0, 0, type)
  }

  /// The counting half of scan_folios().
  private func scanOldest(
    _ vector: KernelPointer<LRUVector>, _ scan: ScanControl, _ type: Int, _ tier: Int
  ) -> (seen: Int, taken: Int) {
    var look = GenerationScan(upTo: scan.highest, tier: tier)
    look.mayUnmap = scan.mayUnmap
    look.mayWrite = scan.mayWrite && scan.flags.contains(.io)
    let result = frames.pointee.scanGeneration(vector, type, look)
    if !scan.isOfGroup {
      frames.pointee.count(
        scan.isKswapd ? .pgscan_kswapd : .pgscan_direct, by: result.taken)
      frames.pointee.count(.pgrefill, by: result.sorted)
    }
    countScan(vector, scan, result.taken)
    frames.pointee.group(vector.pointee.group)?.count(.pgrefill, by: result.sorted)
    frames.pointee.count(type == 1 ? .pgscan_file : .pgscan_anon, by: result.taken)
    // Linux's flusher comes every five seconds; here whoever is held up by dirty pages writes them.
    if result.dirty != 0 && result.taken == 0 { memory.pointee.writeBackAll() }
    return (result.taken != 0 || result.isExhausted ? result.scanned : 0, result.taken)
  }
}
