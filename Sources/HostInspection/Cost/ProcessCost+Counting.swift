import Arm64
import MemoryTypes

extension ProcessCost {
  /// The costs from what the page tables hold.
  static func counted(_ image: ProcessImage, _ runs: [PageRun], _ size: PageSize)
    -> (total: PageCost, areas: [PageCost])
  {
    var shared = BlockCounter(size)
    var tables = TableCounter(geometry(image, size))
    var areas: [PageCost] = []
    areas.reserveCapacity(image.areas.count)
    var next = 0
    for area in image.areas {
      var own = BlockCounter(size)
      let before = tables
      while next < runs.count, runs[next].end <= area.start { next += 1 }
      var index = next
      while index < runs.count, runs[index].start < area.end {
        let run = runs[index]
        let (start, end) = (max(run.start, area.start), min(run.end, area.end))
        own.add(run, start, end)
        shared.add(run, start, end)
        tables.add(run, start, end)
        index += 1
      }
      own.close()
      areas.append(
        PageCost(
          pageSize: size, resident: own.low << size.shift...own.high << size.shift,
          swapped: own.swapped << size.shift,
          tables: ByteCount(tables.bytes.rawValue - before.bytes.rawValue)))
    }
    shared.close()
    let high = areas.reduce(0) { $0 + $1.resident.upperBound }
    return (
      PageCost(
        pageSize: size, resident: min(shared.low << size.shift, high)...high,
        swapped: areas.reduce(0) { $0 + $1.swapped }, tables: tables.bytes,
        tablesByLevel: tables.tables), areas
    )
  }

  /// Bounds from what `smaps` counts of each area, where the pages could not be seen: at best they
  /// lie together, at worst each in a page of its own.
  static func estimated(_ image: ProcessImage, _ size: PageSize)
    -> (total: PageCost, areas: [PageCost])
  {
    let host = image.host.pageShift
    func bounds(_ bytes: UInt64, _ area: VirtualArea) -> ClosedRange<UInt64> {
      guard bytes > 0 else { return 0...0 }
      if size.shift < host {
        return (bytes >> host) << size.shift...bytes
      }
      let together = (bytes + size.offsetMask) & ~size.offsetMask
      let room = area.end.alignedUp(to: size) - area.start.alignedDown(to: size)
      let apart = min((bytes >> host) << size.shift, room.rawValue)
      return together...max(together, apart)
    }
    let areas = image.areas.map { area in
      PageCost(
        pageSize: size, resident: bounds(area.rss.rawValue, area),
        swapped: area.swap.rawValue, tables: nil)
    }
    func sum(_ value: (PageCost) -> UInt64) -> UInt64 { areas.reduce(0) { $0 + value($1) } }
    return (
      PageCost(
        pageSize: size, resident: sum(\.resident.lowerBound)...sum(\.resident.upperBound),
        swapped: sum(\.swapped), tables: nil), areas
    )
  }

  /// The tables that arm64 Linux has for such pages: by default 48 bits of addresses, 47 on 16K
  /// pages, and more where the process has addresses above.
  static func geometry(_ image: ProcessImage, _ size: PageSize) -> TranslationGeometry {
    let top = image.areas.last?.end.rawValue ?? 1
    let usual: UInt64 = size == .sixteenKiB ? 47 : 48
    for bits in [usual, 48, 52] where top <= 1 << bits {
      if let found = TranslationGeometry(pageSize: size, vaBits: bits, hasLargeOutput: bits == 52) {
        return found
      }
    }
    // 57 bits are x86's; no arm64 has them.
    return TranslationGeometry(pageSize: size, vaBits: 52, hasLargeOutput: true)
      ?? TranslationGeometry.standard(size)
  }
}

extension TranslationGeometry {
  /// The geometry with 48 bits, which every page size has.
  fileprivate static func standard(_ size: PageSize) -> TranslationGeometry {
    guard let found = TranslationGeometry(pageSize: size, vaBits: 48) else {
      preconditionFailure("48 bits are within every granule's reach")
    }
    return found
  }
}
