import MemoryTypes

/// Counts the pages of a size that hold what was touched, run by run in the order of addresses.
///
/// A page of this size is resident where any run in it is; on swap where only swapped runs lie in
/// it. Only the first and the last page of a run can be shared with its neighbours, so one page is
/// kept open and the rest is counted at once:
///
///     low ≤ pages of this size that a kernel with such pages would have had to bring in ≤ high
struct BlockCounter {
  private(set) var low: UInt64 = 0
  private(set) var high: UInt64 = 0
  private(set) var swapped: UInt64 = 0

  private let shift: UInt64
  private var open: UInt64?
  private var isLow = false
  private var isHigh = false
  private var isSwapped = false

  init(_ size: PageSize) { shift = size.shift }

  mutating func add(_ run: PageRun, _ start: VirtualAddress, _ end: VirtualAddress) {
    guard start < end else { return }
    let isCertain = run.kind == .resident
    let isMemory = isCertain || run.kind == .perhaps
    guard isMemory || run.kind == .swapped else { return }
    let first = start.rawValue >> shift
    let last = (end.rawValue - 1) >> shift
    let unit = UInt64(run.unitShift)
    if isMemory && unit > shift {
      // Of each unit one page at least was touched, and perhaps all. Units are aligned, so nothing
      // else lies in their pages.
      close()
      high += last - first + 1
      if isCertain { low += ((end.rawValue - 1) >> unit) - (start.rawValue >> unit) + 1 }
      return
    }
    if open != first {
      close()
      open = first
    }
    note(isMemory, isCertain)
    guard last > first else { return }
    close()
    let inner = last - first - 1
    if isMemory { high += inner } else { swapped += inner }
    if isCertain { low += inner }
    open = last
    note(isMemory, isCertain)
  }

  private mutating func note(_ isMemory: Bool, _ isCertain: Bool) {
    isHigh = isHigh || isMemory
    isLow = isLow || isCertain
    isSwapped = isSwapped || !isMemory
  }

  /// Ends the page that is open.
  mutating func close() {
    if open != nil {
      if isHigh { high += 1 }
      if isLow { low += 1 }
      if isSwapped && !isHigh { swapped += 1 }
    }
    open = nil
    isLow = false
    isHigh = false
    isSwapped = false
  }
}
