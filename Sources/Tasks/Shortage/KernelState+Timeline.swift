import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import PageFrames
import Swap

/// Samples of memory over the machine's time (`kilburn run --timeline`): one when the first program
/// begins, one each interval, one when all have ended.
///
/// A sample is due at a moment and is taken where the scheduler looks at moments, so it may be late
/// by what the kernel was at; its time is when it was taken. Nothing of it is there, nor costs
/// anything, if nobody asked.
extension KernelState {
  private var timelineDeadline: KernelPointer<Deadline> {
    // SAFETY: part of the store, which stays where it is.
    unsafe withUnsafeMutablePointer(to: &store.pointee.timeline) { unsafe KernelPointer($0) }
  }

  private var timelineTicks: UInt64 {
    let interval = max(store.pointee.header.timelineInterval, 1000)
    return max(interval / 1000 &* board.clock.frequency / 1_000_000, 1)
  }

  func startTimeline() {
    if board.traced.contains(.timeline) { continueTimeline() }
  }

  func endTimeline() {
    guard board.traced.contains(.timeline) else { return }
    removeDeadline(timelineDeadline)
    tellSample()
  }

  /// The moment has come: the next one is a whole interval later, however late this is.
  func continueTimeline() {
    tellSample()
    addDeadline(timelineDeadline, at: board.clock.ticks &+ timelineTicks)
  }

  private func tellSample() {
    func count(_ item: VMStat) -> UInt64 { UInt64(max(frames.pointee.statistic(item), 0)) }
    var resident: UInt64 = 0
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard let space = taskWithSpace(found)?.pointee.memory.space else { continue }
      resident &+= space.pointee.residentPages.rawValue
    }
    let swapped = max(swapPages &- memory.pointee.swap.pointee.freePages, 0)
    board.trace(
      TraceRecord(
        .sample, number: 0, board.clock.nanoseconds, count(.nr_free_pages), count(.nr_file_pages),
        count(.nr_anon_pages), resident, UInt64(swapped)))
    let now = board.clock.nanoseconds
    board.trace(
      TraceRecord(
        .sample, number: 1, count(.nr_slab_reclaimable) &+ count(.nr_slab_unreclaimable),
        count(.nr_page_table_pages), store.pointee.pressure.figures(0, at: now).total,
        store.pointee.pressure.figures(1, at: now).total,
        count(.pgscan_anon) &+ count(.pgscan_file), count(.pgsteal_anon) &+ count(.pgsteal_file)))
    board.trace(
      TraceRecord(
        .sample, number: 2, count(.pswpout), count(.pswpin), count(.workingset_refault_anon),
        count(.workingset_refault_file), count(.nr_dirty), count(.nr_writeback)))
  }
}
