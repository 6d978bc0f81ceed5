import AddressSpaces
import Arm64
import KernelLog
import MemoryTypes
import PageFrames
import Swap

/// What the machine's memory is used for, in the log (lib/show_mem.c:__show_mem(),
/// mm/page_alloc.c:__show_free_areas()).
extension KernelState {
  func reportMemory(_ request: OutOfMemoryRequest) {
    let highest = request.flags.highestZone
    log(.warning) { $0.append("Mem-Info:") }
    reportTotals(highest)
    reportNode()
    forEachZone(upTo: highest) { reportZone($0) }
    forEachZone(upTo: highest) { reportFreeLists($0) }
    reportHugePages()
    var present = 0
    var managed = 0
    forEachZone(upTo: .movable) { zone in
      present &+= zone.present
      managed &+= zone.managed
    }
    logFigure("", count(.nr_file_pages), " total pagecache pages")
    reportSwap()
    logFigure("", UInt64(present), " pages RAM")
    logFigure("", 0, " pages HighMem/MovableOnly")
    logFigure("", UInt64(present &- managed), " pages reserved")
  }

  /// A counter as `/proc` would show it.
  private func count(_ item: VMStat) -> UInt64 { UInt64(max(frames.pointee.shown(item), 0)) }

  private func logFigure(_ before: StaticString, _ value: UInt64, _ after: StaticString) {
    log(.warning) { line in
      line.append(before)
      line.append(decimal: value)
      line.append(after)
    }
  }

  /// The zones that have frames, lowest first.
  private func forEachZone(upTo highest: ZoneIndex, _ body: (ZoneFigures) -> Void) {
    for raw in 0...highest.rawValue {
      guard let index = ZoneIndex(rawValue: raw) else { continue }
      let zone = frames.pointee.figures(of: index)
      if zone.isPopulated { body(zone) }
    }
  }

  private func reportTotals(_ highest: ZoneIndex) {
    var listed: UInt64 = 0
    forEachZone(upTo: highest) { listed &+= UInt64($0.pageSetCount) }
    log(.warning) { line in
      func put(_ label: StaticString, _ value: UInt64) {
        line.append(label)
        line.append(decimal: value)
      }
      put("active_anon:", count(.nr_active_anon))
      put(" inactive_anon:", count(.nr_inactive_anon))
      put(" isolated_anon:", count(.nr_isolated_anon))
      put("\n active_file:", count(.nr_active_file))
      put(" inactive_file:", count(.nr_inactive_file))
      put(" isolated_file:", count(.nr_isolated_file))
      put("\n unevictable:", count(.nr_unevictable))
      put(" dirty:", count(.nr_dirty))
      put(" writeback:", count(.nr_writeback))
      put("\n slab_reclaimable:", count(.nr_slab_reclaimable))
      put(" slab_unreclaimable:", count(.nr_slab_unreclaimable))
      put("\n mapped:", count(.nr_mapped))
      put(" shmem:", count(.nr_shmem))
      put(" pagetables:", count(.nr_page_table_pages))
      put("\n sec_pagetables:", count(.nr_sec_page_table_pages))
      put(" bounce:", count(.nr_bounce))
      put("\n kernel_misc_reclaimable:", count(.nr_kernel_misc_reclaimable))
      put("\n free:", count(.nr_free_pages))
      put(" free_pcp:", listed)
      put(" free_cma:", count(.nr_free_cma))
    }
  }

  private func reportNode() {
    log(.warning) { line in
      func put(_ label: StaticString, _ item: VMStat) {
        line.append(label)
        line.append(decimal: kibibytes(PageCount(count(item))))
        line.append("kB")
      }
      put("Node 0 active_anon:", .nr_active_anon)
      put(" inactive_anon:", .nr_inactive_anon)
      put(" active_file:", .nr_active_file)
      put(" inactive_file:", .nr_inactive_file)
      put(" unevictable:", .nr_unevictable)
      put(" isolated(anon):", .nr_isolated_anon)
      put(" isolated(file):", .nr_isolated_file)
      put(" mapped:", .nr_mapped)
      put(" dirty:", .nr_dirty)
      put(" writeback:", .nr_writeback)
      put(" shmem:", .nr_shmem)
      put(" shmem_thp: ", .nr_shmem_hugepages)
      put(" shmem_pmdmapped: ", .nr_shmem_pmdmapped)
      put(" anon_thp: ", .nr_anon_transparent_hugepages)
      put(" writeback_tmp:", .nr_writeback_temp)
      line.append(" kernel_stack:")
      line.append(decimal: count(.nr_kernel_stack))
      line.append("kB")
      put(" pagetables:", .nr_page_table_pages)
      put(" sec_pagetables:", .nr_sec_page_table_pages)
      line.append(" all_unreclaimable? ")
      line.append(isNodeUnreclaimable ? "yes" : "no")
    }
  }

  private func reportZone(_ zone: ZoneFigures) {
    log(.warning) { line in
      func put(_ label: StaticString, _ pages: Int) {
        line.append(label)
        line.append(decimal: kibibytes(PageCount(UInt64(max(pages, 0)))))
        line.append("kB")
      }
      func put(_ label: StaticString, _ item: VMStat) {
        put(label, zone.stats[Int(item.rawValue)])
      }
      line.append(zone.index.name)
      put(" free:", zone.free)
      put(" boost:", zone.boost)
      put(" min:", zone.watermarks.min)
      put(" low:", zone.watermarks.low)
      put(" high:", zone.watermarks.high)
      line.append(" reserved_highatomic:")
      line.append(decimal: kibibytes(PageCount(UInt64(zone.reservedHighAtomic))))
      line.append("KB")
      put(" active_anon:", .nr_zone_active_anon)
      put(" inactive_anon:", .nr_zone_inactive_anon)
      put(" active_file:", .nr_zone_active_file)
      put(" inactive_file:", .nr_zone_inactive_file)
      put(" unevictable:", .nr_zone_unevictable)
      put(" writepending:", .nr_zone_write_pending)
      put(" present:", zone.present)
      put(" managed:", zone.managed)
      put(" mlocked:", .nr_mlock)
      put(" bounce:", .nr_bounce)
      put(" free_pcp:", zone.pageSetCount)
      put(" local_pcp:", zone.pageSetCount)
      put(" free_cma:", .nr_free_cma)
    }
    log(.warning) { line in
      line.append("lowmem_reserve[]:")
      for index in 0..<ZoneIndex.count {
        line.append(" ")
        line.append(signed: Int64(zone.protection[index]))
      }
    }
  }

  /// How many free blocks of each order there are, and of which types some are.
  private func reportFreeLists(_ zone: ZoneFigures) {
    log(.warning) { line in
      var total: UInt64 = 0
      line.append(zone.index.name)
      line.append(": ")
      for order in 0...frames.pointee.geometry.largest.rawValue {
        let blocks = UInt64(frames.pointee.freeBlocks(zone.index, Order(order)))
        total &+= blocks &<< order
        line.append(decimal: blocks)
        line.append("*")
        line.append(decimal: kibibytes(Order(order).pages))
        line.append("kB ")
        guard blocks > 0 else { continue }
        line.append("(")
        for raw in 0..<UInt8(MigrateType.count) {
          guard let type = MigrateType(rawValue: raw),
            frames.pointee.hasFreeBlocks(zone.index, Order(order), type)
          else { continue }
          line.append(type.letter)
        }
        line.append(") ")
      }
      line.append("= ")
      line.append(decimal: kibibytes(PageCount(total)))
      line.append("kB")
    }
  }

  /// hugetlb_show_meminfo_node(): a line for each size that the MMU has.
  private func reportHugePages() {
    for level in 0..<4 {
      // Blocks of levels 1 and 2, and contiguous runs of entries at levels 2 and 3
      // (arch/arm64/mm/hugetlbpage.c:hugetlbpage_init(), in the order they are added).
      let size: UInt64? =
        switch (board.pageSize, level) {
        case (.fourKiB, 0): 1 &<< 20
        case (.fourKiB, 1): 1 &<< 15
        case (.fourKiB, 2): 1 &<< 11
        case (.fourKiB, 3): 1 &<< 6
        case (.sixteenKiB, 0): 1 &<< 20
        case (.sixteenKiB, 1): 1 &<< 15
        case (.sixteenKiB, 2): 1 &<< 11
        case (.sixtyFourKiB, 0): 1 &<< 24
        case (.sixtyFourKiB, 1): 1 &<< 19
        case (.sixtyFourKiB, 2): 1 &<< 11
        default: nil
        }
      guard let size else { continue }
      let pages = hugePages(of: .kibibytes(size))
      log(.warning) { line in
        line.append("Node 0 hugepages_total=")
        line.append(decimal: pages)
        line.append(" hugepages_free=")
        line.append(decimal: pages)
        line.append(" hugepages_surp=0 hugepages_size=")
        line.append(decimal: size)
        line.append("kB")
      }
    }
  }

  /// How many are in the pool of a size; none where there is no pool.
  private func hugePages(of size: ByteCount) -> UInt64 {
    if size == frames.pointee.hugePageBytes(.block) {
      return UInt64(frames.pointee.hugePages[0].count)
    }
    if size == frames.pointee.hugePageBytes(.contiguous) {
      return UInt64(frames.pointee.hugePages[1].count)
    }
    return 0
  }

  /// show_swap_cache_info().
  private func reportSwap() {
    logFigure("", count(.nr_swapcached), " pages in swap cache")
    let free = PageCount(UInt64(max(memory.pointee.swap.pointee.freePages, 0)))
    logFigure("Free swap  = ", kibibytes(free), "kB")
    logFigure("Total swap = ", kibibytes(PageCount(UInt64(swapPages))), "kB")
  }

  /// Whether reclaim has given up: kswapd found nothing to take too often, or there is nothing.
  private var isNodeUnreclaimable: Bool {
    frames.pointee.kswapd.failures >= KswapdRequest.mostFailures
  }
}

extension MigrateType {
  /// As the free lists' line shows it (show_migration_types()).
  var letter: StaticString {
    switch self {
    case .unmovable: "U"
    case .movable: "M"
    case .reclaimable: "E"
    case .highAtomic: "H"
    }
  }
}
