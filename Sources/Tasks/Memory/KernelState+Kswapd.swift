import Arm64
import MemoryTypes
import PageFrames
import Reclaim

/// kswapd: keeps zones above their watermarks, so that programs seldom have to wait
/// (mm/vmscan.c:kswapd()).
extension KernelState {
  /// Works until a zone that was asked for is above its high watermark, or 16 rounds found nothing.
  ///
  /// Programs that wait for the CPU have it between rounds that found something: the others cost
  /// next to nothing, and so come to an end before a program goes on, as on Linux.
  func balanceNode() {
    // Woken again within a tenth of a second (kswapd_try_to_sleep()).
    if board.clock.nanoseconds < frames.pointee.kswapd.restsUntil {
      frames.pointee.count(.kswapd_low_wmark_hit_quickly)
    }
    defer { frames.pointee.kswapd.restsUntil = board.clock.nanoseconds &+ 100_000_000 }
    while true {
      let request = frames.pointee.kswapd
      let failures = request.failures
      frames.pointee.kswapd.order = 0
      frames.pointee.kswapd.highest = .dma
      var order = accounting(.kswapd) {
        reclaimer.balance(request.order, upTo: request.highest)
      }
      if frames.pointee.needsVictim {
        frames.pointee.needsVictim = false
        outOfMemory(.userPage)
      }
      // Who wanted a larger block was told by compaction that there is none.
      if order < request.order { order = 0 }
      if frames.pointee.kswapd.failures >= KswapdRequest.mostFailures { return }
      if frames.pointee.isBalanced(order, upTo: request.highest) {
        frames.pointee.meetsDirty = false
        frames.pointee.meetsWriteback = false
        return
      }
      frames.pointee.kswapd.order = max(frames.pointee.kswapd.order, order)
      frames.pointee.kswapd.highest = max(frames.pointee.kswapd.highest, request.highest)
      if frames.pointee.kswapd.failures == failures { yield() }
    }
  }
}
