import AddressSpaces
import Arm64
import MemoryTypes
public import PageFrames

/// What kswapd does between its waits (balance_pgdat()).
extension Reclaimer {
  /// Reclaims until a zone that the request may use is above its high watermark, or nothing is left
  /// to try; the order that it did it for.
  public func balance(_ order: Int, upTo highest: ZoneIndex) -> Int {
    let frames = frames
    var scan = ScanControl(.kernel, highest: highest)
    scan.order = order
    scan.isKswapd = true
    frames.pointee.count(.pageoutrun)
    while scan.priority >= 1 {
      let before = scan.reclaimed
      if frames.pointee.isBalanced(scan.order, upTo: highest) {
        rememberActivations(0)
        return scan.order
      }
      age(&scan)
      scan.scanned = 0
      scan.wanted = frames.pointee.highWatermarks(upTo: highest, atLeast: Self.batch)
      shrinkNode(&scan)
      // Twice the block is free: it is fragmentation now, which is not kswapd's
      // (kswapd_shrink_node(), compact_gap()).
      if scan.order != 0 && scan.reclaimed >= 2 &<< scan.order { scan.order = 0 }
      // Harder, unless enough is being looked at already.
      if scan.scanned < scan.wanted || scan.reclaimed == before { scan.priority &-= 1 }
    }
    if scan.reclaimed == 0 { frames.pointee.kswapd.failures &+= 1 }
    rememberActivations(0)
    return scan.order
  }
}
