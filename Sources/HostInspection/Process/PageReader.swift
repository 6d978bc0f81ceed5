import Glibc
import MemoryTypes

/// Makes runs of what an open `pagemap` tells of a process's areas.
struct PageReader {
  var host: HostPages
  var areas: [VirtualArea]

  /// By `PAGEMAP_SCAN`; nil where the kernel does not have it.
  func scanned(_ file: Int32) -> [PageRun]? {
    guard let first = areas.first, let last = areas.last(where: { $0.end.rawValue <= 1 << 57 })
    else { return [] }
    var runs: [PageRun] = []
    var next = 0
    let done = PageMapScan.scan(file, first.start.rawValue..<last.end.rawValue) { region in
      // A region may reach over areas that touch each other.
      var start = region.start
      while next < areas.count, areas[next].end.rawValue <= start { next += 1 }
      var index = next
      while index < areas.count, start < region.end {
        let area = areas[index]
        let from = max(start, area.start.rawValue)
        let to = min(region.end, area.end.rawValue)
        if from < to { runs.add(run(area, from, to, region.categories)) }
        start = max(start, area.end.rawValue)
        index += 1
      }
    }
    return done ? hideFolios(runs) : nil
  }

  private func run(_ area: VirtualArea, _ from: UInt64, _ to: UInt64, _ categories: UInt64)
    -> PageRun
  {
    let isHuge = categories & PageMapScan.Category.huge != 0
    let kind: PageRun.Kind =
      area.flags.contains(.hugetlb)
      ? .pool
      : categories & PageMapScan.Category.present == 0
        ? .swapped
        : categories & PageMapScan.Category.zero != 0 || area.flags.contains(.frames)
          ? .uncounted : .resident
    return PageRun(
      start: VirtualAddress(from), length: ByteCount(to - from), kind: kind,
      unitShift: UInt8(isHuge ? host.hugeShift : host.pageShift))
  }

  /// By the words of every page, area by area, where the call does not exist.
  func read(_ file: Int32) -> [PageRun]? {
    var runs: [PageRun] = []
    let words = PageMapWords(pageShift: host.pageShift, hugeShift: host.hugeShift)
    for area in areas where area.end.rawValue <= 1 << 57 {
      // What has nothing has nothing to tell; reservations of terabytes are such.
      guard area.rss != .zero || area.swap != .zero || area.hugetlb != .zero else { continue }
      guard let found = read(file, area, words) else { return nil }
      for run in found { runs.add(run) }
    }
    return hideFolios(runs)
  }

  /// An area in pieces: of a large one whose pages lie together only these are read.
  private func read(_ file: Int32, _ area: VirtualArea, _ words: PageMapWords) -> [PageRun]? {
    let shift = host.pageShift
    let pages = area.size.rawValue >> shift
    let piece: UInt64 = 1 << 21
    guard pages > piece else {
      return self.words(file, area.start.rawValue >> shift, pages).map { words.runs(area, $0) }
    }
    // Zero pages cannot be told apart piece by piece, so they are not in so large an area.
    var runs: [PageRun] = []
    var left = (area.rss.rawValue + area.swap.rawValue + area.hugetlb.rawValue) >> shift
    var first: UInt64 = 0
    while first < pages, left > 0 {
      let count = min(piece, pages - first)
      guard let found = self.words(file, (area.start.rawValue >> shift) + first, count) else {
        return nil
      }
      var part = area
      part.start = area.start + ByteCount(first << shift)
      part.rss = ByteCount(UInt64(found.count { $0 >> 63 != 0 }) << shift)
      for run in words.runs(part, found) { runs.add(run) }
      left -= min(left, UInt64(found.count { $0 >> 62 != 0 }))
      first += count
    }
    return runs
  }

  private func words(_ file: Int32, _ page: UInt64, _ count: UInt64) -> [UInt64]? {
    var words = [UInt64](repeating: 0, count: Int(count))
    var done = 0
    while done < words.count * 8 {
      let place = off_t(page * 8) + off_t(done)
      let got = unsafe words.withUnsafeMutableBytes { bytes in
        unsafe pread(file, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done, place)
      }
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { return got == 0 ? words : nil }
      done += got
    }
    return words
  }

  /// Where larger folios may have been allocated at once, whole ones of them hide what was touched.
  private func hideFolios(_ runs: [PageRun]) -> [PageRun] {
    guard host.folioShift > host.pageShift else { return runs }
    let units = HiddenUnits(shift: host.folioShift)
    var result: [PageRun] = []
    var index = 0
    for run in runs {
      while index < areas.count, areas[index].end <= run.start { index += 1 }
      let area = index < areas.count ? areas[index] : nil
      let may =
        area.map {
          $0.isAnonymous && $0.mayBeHuge
            && (!host.folioNeedsAdvice || $0.flags.contains(.wantsHuge))
        } ?? false
      for piece in may ? units.hide([run]) : [run] { result.add(piece) }
    }
    return result
  }
}
