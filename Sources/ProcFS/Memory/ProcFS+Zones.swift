import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

extension ProcFS {
  /// Visits the zones, lowest first.
  private func forEachZone(_ body: (ZoneFigures) -> Void) {
    for raw in 0..<UInt8(ZoneIndex.count) {
      if let zone = ZoneIndex(rawValue: raw) { body(kernel.frames.pointee.figures(of: zone)) }
    }
  }

  /// `/proc/buddyinfo` (mm/vmstat.c: frag_show_print()).
  func buddyinfo(_ out: inout Writer) {
    forEachZone { zone in
      guard zone.isPopulated else { return }
      out.text("Node 0, zone ")
      right(zone.index.name, 8, &out)
      out.byte(0x20)
      forEachOrder { order in
        out.decimal(kernel.frames.pointee.freeBlocks(zone.index, order), width: 6)
        out.byte(0x20)
      }
      out.newline()
    }
  }

  private func forEachOrder(_ body: (Order) -> Void) {
    for order in 0...kernel.frames.pointee.geometry.largest.rawValue { body(Order(order)) }
  }

  private func forEachType(_ body: (MigrateType) -> Void) {
    for raw in 0..<UInt8(MigrateType.count) {
      if let type = MigrateType(rawValue: raw) { body(type) }
    }
  }

  /// A word at the right end of a column.
  private func right(_ word: StaticString, _ width: Int, _ out: inout Writer) {
    out.pad(width &- word.utf8CodeUnitCount)
    out.text(word)
  }

  /// How broken up free memory is, in thousandths by order (mm/vmstat.c: unusable_show_print(),
  /// extfrag_show_print()).
  func fragmentation(_ out: inout Writer, isUnusable: Bool) {
    forEachZone { zone in
      guard zone.isPopulated else { return }
      out.text("Node 0, zone ")
      right(zone.index.name, 8, &out)
      out.byte(0x20)
      forEachOrder { order in
        let order = Int(order.rawValue)
        let frames = kernel.frames
        let index =
          isUnusable
          ? frames.pointee.unusableIndex(zone.index, order)
          : frames.pointee.fragmentationIndex(zone.index, order)
        if !isUnusable { out.text(index < 0 ? "-" : " ") }
        out.decimal(UInt64(index.magnitude / 1000))
        out.byte(0x2E)
        out.zeroFilled(UInt64(index.magnitude % 1000), width: 3)
        out.byte(0x20)
      }
      out.newline()
    }
  }

  /// `/proc/pagetypeinfo` (pagetypeinfo_show()).
  func pagetypeinfo(_ out: inout Writer) {
    let geometry = kernel.frames.pointee.geometry
    out.text("Page block order: ")
    out.decimal(geometry.pageblock.rawValue)
    out.text("\nPages per block:  ")
    out.decimal(geometry.pageblock.pages.rawValue)
    out.text("\n\nFree pages count per migrate type at order  ")
    forEachOrder { order in
      out.decimal(order.rawValue, width: 6)
      out.byte(0x20)
    }
    out.newline()
    forEachZone { zone in
      guard zone.isPopulated else { return }
      forEachType { type in
        out.text("Node    0, zone ")
        right(zone.index.name, 8, &out)
        out.text(", type ")
        right(type.name, 12, &out)
        out.byte(0x20)
        forEachOrder { order in
          let count = kernel.frames.pointee.freeBlocks(zone.index, order, type)
          // Linux stops counting there, with interrupts closed.
          if count >= 100_000 { out.byte(0x3E) }
          out.decimal(min(count, 100_000), width: 6)
          out.byte(0x20)
        }
        out.newline()
      }
    }
    out.text("\nNumber of blocks type  ")
    forEachType { type in
      right(type.name, 12, &out)
      out.byte(0x20)
    }
    out.newline()
    forEachZone { zone in
      guard zone.isPopulated else { return }
      out.text("Node 0, zone ")
      right(zone.index.name, 8, &out)
      out.byte(0x20)
      forEachType { type in
        out.decimal(kernel.frames.pointee.pageblocks(zone.index, type), width: 12)
        out.byte(0x20)
      }
      out.newline()
    }
  }

  /// `/proc/zoneinfo` (zoneinfo_show_print()).
  func zoneinfo(_ out: inout Writer) {
    var isFirst = true
    forEachZone { zone in
      out.text("Node 0, zone ")
      right(zone.index.name, 8, &out)
      if zone.isPopulated, isFirst {
        isFirst = false
        nodeStats(&out)
      }
      write(zone, &out)
      out.newline()
    }
  }

  private func nodeStats(_ out: inout Writer) {
    out.text("\n  per-node stats")
    for raw in VMStat.zoneItems..<VMStat.firstEvent {
      if let item = VMStat(rawValue: UInt8(raw)) { statistic(item, count(item), &out) }
    }
  }

  /// `\n      %-12s %lu`.
  private func statistic(_ item: VMStat, _ value: UInt64, _ out: inout Writer) {
    out.text("\n      ")
    let mark = out.count
    out.text(item.name)
    out.pad(to: 12, since: mark)
    out.byte(0x20)
    out.decimal(value)
  }

  private func write(_ zone: ZoneFigures, _ out: inout Writer) {
    figure("\n  pages free     ", zone.free, &out)
    figure("\n        boost    ", zone.boost, &out)
    figure("\n        min      ", zone.watermarks.min, &out)
    figure("\n        low      ", zone.watermarks.low, &out)
    figure("\n        high     ", zone.watermarks.high, &out)
    figure("\n        spanned  ", zone.spanned, &out)
    figure("\n        present  ", zone.present, &out)
    figure("\n        managed  ", zone.managed, &out)
    figure("\n        cma      ", 0, &out)
    for index in 0..<ZoneIndex.count {
      out.text(index == 0 ? "\n        protection: (" : ", ")
      out.decimal(zone.protection[index])
    }
    out.byte(0x29)
    guard zone.isPopulated else { return }
    for raw in 0..<VMStat.zoneItems {
      if let item = VMStat(rawValue: UInt8(raw)) {
        statistic(item, UInt64(max(zone.stats[raw], 0)), &out)
      }
    }
    figure("\n  pagesets\n    cpu: 0\n              count: ", zone.pageSetCount, &out)
    figure("\n              high:  ", zone.pageSetHigh, &out)
    figure("\n              batch: ", zone.pageSetBatch, &out)
    figure("\n  vm stats threshold: ", zone.statThreshold, &out)
    out.text("\n  node_unreclaimable:  0\n  start_pfn:           ")
    out.decimal(zone.firstFrame.rawValue)
  }

  private func figure(_ label: StaticString, _ value: Int, _ out: inout Writer) {
    out.text(label)
    out.decimal(value)
  }
}
