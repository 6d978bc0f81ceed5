import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames
import Reclaim

/// When memory is compacted: by kcompactd, and by who needs a large block.
extension KernelState {
  var compactor: Compactor<B> { Compactor(memory) }

  /// kswapd has nothing to do any more (kswapd_try_to_sleep()): page blocks may be looked at again,
  /// and who woke it for a large block needs compaction now.
  func endKswapd(_ request: KswapdRequest) {
    compactor.resetSkips()
    guard request.order > 0 else { return }
    frames.pointee.kcompactd.order = max(frames.pointee.kcompactd.order, request.order)
    frames.pointee.kcompactd.highest = max(frames.pointee.kcompactd.highest, request.highest)
    wake(.kcompactd)
  }

  /// kcompactd's work (kcompactd(), kcompactd_do_work()).
  ///
  /// Linux's looks twice a second whether memory has become fragmented. That would interrupt programs
  /// for nothing, so this one looks when `compaction_proactiveness` is written.
  func compactInBackground() {
    let request = frames.pointee.kcompactd
    frames.pointee.kcompactd = KswapdRequest()
    if request.order > 0 {
      let threshold = memory.pointee.settings.fragmentationThreshold
      stalling {
        compactor.compactInBackground(
          request.order, upTo: request.highest, threshold: threshold)
      }
    }
    let proactiveness = memory.pointee.settings.proactiveness
    if frames.pointee.compactsProactively {
      frames.pointee.compactsProactively = false
      if compactor.isFragmented(proactiveness) {
        _ = stalling { compactor.compactProactively(proactiveness) }
      }
    }
  }

  /// Lets kcompactd look whether memory is fragmented (compaction_proactiveness_sysctl_handler()).
  public func setProactiveness(_ value: Int) {
    memory.pointee.settings.proactiveness = value
    guard value > 0 else { return }
    frames.pointee.compactsProactively = true
    wake(.kcompactd)
  }

  /// Whether every zone has so much free memory, above the high mark and what compaction itself
  /// takes, that a block above order 3 is a matter of compaction alone (compaction_ready()).
  func isReadyToCompact(for shortage: Shortage) -> Bool {
    let order = Int(truncatingIfNeeded: shortage.order.rawValue)
    guard order > 3, shortage.group == 0 else { return false }
    for raw in 0...shortage.flags.highestZone.rawValue {
      guard let zone = ZoneIndex(rawValue: raw) else { continue }
      let figures = frames.pointee.figures(of: zone)
      guard figures.isPopulated else { continue }
      var control = CompactControl(order: order, shortage.flags, .light)
      control.highest = shortage.flags.highestZone
      control.threshold = memory.pointee.settings.fragmentationThreshold
      switch compactor.suitability(zone, order, control) {
      case .success: continue
      case .skipped: return false
      default:
        let mark = figures.watermarks.high &+ 2 &<< order
        let reserve = figures.protection[Int(control.highest.rawValue)]
        guard figures.free > mark &+ Int(reserve) else { return false }
      }
    }
    return true
  }

  /// Compacts for a large block that could not be had; whether it can be now
  /// (__alloc_pages_direct_compact()).
  func compact(for shortage: Shortage, _ priority: Compactor<B>.Priority) -> Bool {
    guard shortage.group == 0, shortage.order > .zero else { return false }
    let order = Int(truncatingIfNeeded: shortage.order.rawValue)
    let result = stalling {
      compactor.compact(
        for: order, shortage.flags, priority,
        threshold: memory.pointee.settings.fragmentationThreshold)
    }
    if result == .skipped { return false }
    frames.pointee.count(.compact_stall)
    guard frames.pointee.hasRoom(for: shortage) else {
      frames.pointee.count(.compact_fail)
      return false
    }
    for raw in 0...shortage.flags.highestZone.rawValue {
      guard let zone = ZoneIndex(rawValue: raw) else { continue }
      let state = frames.pointee.compaction(of: zone)
      state.pointee.flushesSkips = false
      state.pointee.noteSuccess(order, allocated: true)
    }
    frames.pointee.count(.compact_success)
    return true
  }
}
