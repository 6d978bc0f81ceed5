import AddressSpaces
import Arm64
import MemoryTypes
public import PageFrames

/// Who compacts, and for what.
extension Compactor {
  /// How hard direct compaction tries, the hardest last (`enum compact_priority`).
  public enum Priority: Int, BitwiseCopyable, Sendable {
    case full = 0
    case light
    case asynchronous
  }

  /// Everything, as far as it goes: `/proc/sys/vm/compact_memory` (compact_node()).
  public func compactAll(takesUnevictable: Bool = true) {
    frames.pointee.drainLRU()
    forEachZone(upTo: .movable) { zone in
      var control = CompactControl(order: -1, .kernel, .full)
      control.ignoresSkips = true
      control.wholeZone = true
      control.takesUnevictable = takesUnevictable
      _ = compact(zone, &control)
    }
  }

  /// For a request of a large order (try_to_compact_pages()).
  public func compact(
    for order: Int, _ flags: GFP, _ priority: Priority, threshold: Int = 500
  ) -> CompactionResult {
    // gfp_compaction_allowed(): it may have to wait for pages of files.
    guard flags.contains(.io) else { return .skipped }
    var best = CompactionResult.skipped
    var raw = Int(flags.highestZone.rawValue)
    while raw >= 0 {
      defer { raw &-= 1 }
      guard let zone = ZoneIndex(rawValue: UInt8(raw)), !frames.pointee.span(of: zone).isEmpty
      else { continue }
      let state = frames.pointee.compaction(of: zone)
      if priority != .full && state.pointee.defers(order) {
        best = max(best, .deferred)
        continue
      }
      var control = CompactControl(
        order: order, flags, priority == .asynchronous ? .asynchronous : .light)
      control.highest = flags.highestZone
      control.isDirect = true
      control.threshold = threshold
      if priority == .full {
        control.wholeZone = true
        control.ignoresSkips = true
        control.ignoresSuitability = true
      }
      let result = compact(zone, &control)
      best = max(best, result)
      if result == .success {
        state.pointee.noteSuccess(order, allocated: false)
        break
      }
      if priority != .asynchronous && (result == .complete || result == .partlySkipped) {
        state.pointee.noteFailure(order)
      }
    }
    return best
  }

  /// kcompactd's work: so that a block of an order can be had (kcompactd_do_work()).
  public func compactInBackground(
    _ order: Int, upTo highest: ZoneIndex, threshold: Int = 500
  ) {
    frames.pointee.count(.compact_daemon_wake)
    forEachZone(upTo: highest) { zone in
      let state = frames.pointee.compaction(of: zone)
      guard !state.pointee.defers(order) else { return }
      var control = CompactControl(order: order, .kernel, .light)
      control.highest = highest
      control.threshold = threshold
      guard suitability(zone, order, control) == .goesOn else { return }
      let result = compact(zone, &control)
      if result == .success {
        state.pointee.noteSuccess(order, allocated: false)
      } else if result == .partlySkipped || result == .complete {
        frames.pointee.drain()
        state.pointee.noteFailure(order)
      }
      frames.pointee.count(.compact_daemon_migrate_scanned, by: control.migrateScanned)
      frames.pointee.count(.compact_daemon_free_scanned, by: control.freeScanned)
    }
  }

  /// Whether memory is so broken up that it is compacted without being asked, at a proactiveness of
  /// 0 to 100 (should_proactive_compact_node()).
  public func isFragmented(_ proactiveness: Int) -> Bool {
    proactiveness > 0 && score > min(Self.lowScore(proactiveness) &+ 10, 100)
  }

  /// proactive_compact_node(); whether it got better.
  public func compactProactively(_ proactiveness: Int) -> Bool {
    let before = score
    forEachZone(upTo: .movable) { zone in
      var control = CompactControl(order: -1, .kernel, .light)
      control.ignoresSkips = true
      control.wholeZone = true
      control.isProactive = true
      control.lowScore = Self.lowScore(proactiveness)
      _ = compact(zone, &control)
    }
    return score < before
  }

  /// fragmentation_score_wmark().
  private static func lowScore(_ proactiveness: Int) -> Int { max(100 &- proactiveness, 5) }

  /// The hundredths of free memory that are in blocks too small for a huge page, zones weighed by
  /// their size (fragmentation_score_node()).
  private var score: Int {
    let order = Int(frames.pointee.geometry.pageblock.rawValue)
    var present = 0
    forEachZone(upTo: .movable) { present &+= frames.pointee.figures(of: $0).present }
    var sum = 0
    forEachZone(upTo: .movable) { zone in
      sum &+=
        frames.pointee.figures(of: zone).present
        &* frames.pointee.externalFragmentation(zone, order) / (present &+ 1)
    }
    return sum
  }
}
