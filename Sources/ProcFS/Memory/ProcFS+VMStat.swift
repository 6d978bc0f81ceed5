import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

extension ProcFS {
  /// `/proc/vmstat` (mm/vmstat.c: vmstat_show()).
  func vmstat(_ out: inout Writer) {
    var position: UInt64 = 0
    while vmstat(at: &position, &out) {}
  }

  /// One line of it.
  func vmstat(at position: inout UInt64, _ out: inout Writer) -> Bool {
    let index = Int(position)
    guard index <= VMStat.count else { return false }
    position &+= 1
    // Between the node's counters and the events stand two that are computed.
    if index == VMStat.firstEvent {
      line("nr_dirty_threshold", dirtyPages(percent: 20), &out)
      line("nr_dirty_background_threshold", dirtyPages(percent: 10), &out)
    }
    guard index < VMStat.count, let item = VMStat(rawValue: UInt8(index)) else {
      line("nr_unstable", 0, &out)
      return true
    }
    var value = count(item)
    // Counted in sectors of 512 bytes, shown in kilobytes.
    if item == .pgpgin || item == .pgpgout { value /= 2 }
    line(item.name, value, &out)
    return true
  }

  private func line(_ name: StaticString, _ value: UInt64, _ out: inout Writer) {
    out.text(name)
    out.byte(0x20)
    out.decimal(value)
    out.newline()
  }

  /// The share of memory that may be dirty (mm/page-writeback.c: domain_dirty_limits() over
  /// global_dirtyable_memory()); the ratio is rounded to bytes of a page first.
  private func dirtyPages(percent: UInt64) -> UInt64 {
    let frames = kernel.frames
    let free = frames.pointee.free.rawValue
    let reserve = UInt64(frames.pointee.totalReserve)
    let dirtyable =
      free &- min(free, reserve) &+ count(.nr_inactive_file) &+ count(.nr_active_file) &+ 1
    let page = kernel.board.pageSize.bytes.rawValue
    return percent &* page / 100 &* dirtyable / page
  }
}
