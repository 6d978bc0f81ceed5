import MemoryTypes

/// The words of `/proc/PID/pagemap` (Documentation/admin-guide/mm/pagemap.rst), for kernels without
/// `PAGEMAP_SCAN` (before 6.7).
///
/// They do not say which pages are the zero page (without CAP_SYS_ADMIN frame numbers are hidden)
/// nor which are mapped huge. `smaps` helps: where an area has more pages present than its Rss,
/// the difference are zero pages; where it has huge pages, any aligned block that is all there may
/// be one.
struct PageMapWords {
  var pageShift: UInt64
  /// The size that the last level but one of the page table maps.
  var hugeShift: UInt64

  /// The runs of an area whose words these are.
  func runs(_ area: VirtualArea, _ words: [UInt64]) -> [PageRun] {
    var present: UInt64 = 0
    var candidates: UInt64 = 0
    for word in words where word >> 63 != 0 {
      present += 1
      if isCandidate(word) { candidates += 1 }
    }
    let counted = area.rss.rawValue >> pageShift
    let zero = present - min(present, counted)
    let kindOfCandidates: PageRun.Kind =
      zero == 0 ? .resident : zero >= candidates ? .uncounted : .perhaps
    var runs: [PageRun] = []
    let unit = UInt8(pageShift)
    for (index, word) in words.enumerated() {
      let kind: PageRun.Kind
      if word >> 63 != 0 {
        kind =
          area.flags.contains(.hugetlb)
          ? .pool
          : area.flags.contains(.frames)
            ? .uncounted : isCandidate(word) ? kindOfCandidates : .resident
      } else if word >> 62 & 1 != 0 {
        kind = .swapped
      } else {
        continue
      }
      let start = area.start + ByteCount(UInt64(index) << pageShift)
      runs.add(
        PageRun(start: start, length: ByteCount(1 << pageShift), kind: kind, unitShift: unit))
    }
    return area.huge == .zero ? runs : HiddenUnits(shift: hugeShift).hide(runs)
  }

  /// A private page that more than one process maps, or the zero page (bits 61 and 56).
  private func isCandidate(_ word: UInt64) -> Bool { word >> 61 & 1 == 0 && word >> 56 & 1 == 0 }
}

/// Marks the aligned blocks that are resident as a whole: each may have been brought in at once.
struct HiddenUnits {
  var shift: UInt64

  func hide(_ runs: [PageRun]) -> [PageRun] {
    var result: [PageRun] = []
    let unit = ByteCount(1 << shift)
    for run in runs {
      let first = run.start.alignedUp(to: unit)
      let last = run.end.alignedDown(to: unit)
      guard run.kind == .resident || run.kind == .perhaps, UInt64(run.unitShift) < shift,
        first >= run.start, first < last
      else {
        result.add(run)
        continue
      }
      var piece = run
      piece.length = first - run.start
      result.add(piece)
      result.add(
        PageRun(
          start: first, length: last - first, kind: run.kind, unitShift: UInt8(shift)))
      piece.start = last
      piece.length = run.end - last
      result.add(piece)
    }
    return result
  }
}
