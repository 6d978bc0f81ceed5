import Arm64
import MemoryTypes
import PageFrames

/// kswapd: keeps zones above their watermarks, so that programs seldom have to wait
/// (mm/vmscan.c:kswapd(), balance_pgdat()).
extension KernelState {
  /// Works until all zones are above their high watermarks, or nothing more can be had.
  func balanceNode() {
    let request = frames.pointee.kswapd
    frames.pointee.kswapd.order = 0
    frames.pointee.kswapd.highest = .dma
    frames.pointee.drainLRU()
    frames.pointee.drain()
    if frames.pointee.isBalanced(request.order, upTo: request.highest) {
      frames.pointee.kswapd.failures = 0
    } else {
      frames.pointee.kswapd.failures &+= 1
    }
  }
}
