/// Everything that `/proc/vmstat` counts, under Linux's names and in its order, but for the dirty
/// thresholds, which are computed.
///
/// Items before ``nr_inactive_anon`` belong to a zone, those before ``pgpgin`` to the node; the
/// rest are events, which only grow.
public enum VMStat: UInt8, BitwiseCopyable, Sendable {
  case nr_free_pages, nr_zone_inactive_anon, nr_zone_active_anon, nr_zone_inactive_file
  case nr_zone_active_file, nr_zone_unevictable, nr_zone_write_pending, nr_mlock, nr_bounce
  case nr_zspages, nr_free_cma
  case nr_inactive_anon, nr_active_anon, nr_inactive_file, nr_active_file, nr_unevictable
  case nr_slab_reclaimable, nr_slab_unreclaimable, nr_isolated_anon, nr_isolated_file
  case workingset_nodes, workingset_refault_anon, workingset_refault_file
  case workingset_activate_anon, workingset_activate_file, workingset_restore_anon
  case workingset_restore_file, workingset_nodereclaim, nr_anon_pages, nr_mapped, nr_file_pages
  case nr_dirty, nr_writeback, nr_writeback_temp, nr_shmem, nr_shmem_hugepages, nr_shmem_pmdmapped
  case nr_file_hugepages, nr_file_pmdmapped, nr_anon_transparent_hugepages, nr_vmscan_write
  case nr_vmscan_immediate_reclaim, nr_dirtied, nr_written, nr_throttled_written
  case nr_kernel_misc_reclaimable, nr_foll_pin_acquired, nr_foll_pin_released, nr_kernel_stack
  case nr_page_table_pages, nr_sec_page_table_pages, nr_swapcached
  case pgpgin, pgpgout, pswpin, pswpout, pgalloc_dma, pgalloc_dma32, pgalloc_normal
  case pgalloc_movable, allocstall_dma, allocstall_dma32, allocstall_normal, allocstall_movable
  case pgskip_dma, pgskip_dma32, pgskip_normal, pgskip_movable, pgfree, pgactivate, pgdeactivate
  case pglazyfree, pgfault, pgmajfault, pglazyfreed, pgrefill, pgreuse, pgsteal_kswapd
  case pgsteal_direct, pgdemote_kswapd, pgdemote_direct, pgscan_kswapd, pgscan_direct
  case pgscan_direct_throttle, pgscan_anon, pgscan_file, pgsteal_anon, pgsteal_file, pginodesteal
  case slabs_scanned, kswapd_inodesteal, kswapd_low_wmark_hit_quickly
  case kswapd_high_wmark_hit_quickly, pageoutrun, pgrotated, drop_pagecache, drop_slab, oom_kill
  case pgmigrate_success, pgmigrate_fail, thp_migration_success, thp_migration_fail
  case thp_migration_split, compact_migrate_scanned, compact_free_scanned, compact_isolated
  case compact_stall, compact_fail, compact_success, compact_daemon_wake
  case compact_daemon_migrate_scanned, compact_daemon_free_scanned, htlb_buddy_alloc_success
  case htlb_buddy_alloc_fail, unevictable_pgs_culled, unevictable_pgs_scanned
  case unevictable_pgs_rescued, unevictable_pgs_mlocked, unevictable_pgs_munlocked
  case unevictable_pgs_cleared, unevictable_pgs_stranded, thp_fault_alloc, thp_fault_fallback
  case thp_fault_fallback_charge, thp_collapse_alloc, thp_collapse_alloc_failed, thp_file_alloc
  case thp_file_fallback, thp_file_fallback_charge, thp_file_mapped, thp_split_page
  case thp_split_page_failed, thp_deferred_split_page, thp_split_pmd, thp_scan_exceed_none_pte
  case thp_scan_exceed_swap_pte, thp_scan_exceed_share_pte, thp_zero_page_alloc
  case thp_zero_page_alloc_failed, thp_swpout, thp_swpout_fallback, swap_ra, swap_ra_hit

  /// The number of items, of those that zones count, and of those before the events.
  @inlinable public static var count: Int { 143 }
  @inlinable public static var zoneItems: Int { 11 }
  @inlinable public static var firstEvent: Int { 52 }

  /// Whether each zone has its own count.
  @inlinable public var isOfZone: Bool { rawValue < 11 }

  /// The allocation events of a zone.
  @inlinable public static func pgalloc(_ zone: ZoneIndex) -> VMStat {
    VMStat(rawValue: VMStat.pgalloc_dma.rawValue &+ zone.rawValue) ?? .pgalloc_dma
  }

  /// The zone whose allocation events it is, if it is a zone's.
  @inlinable var zoneOfAllocations: ZoneIndex? {
    let first = VMStat.pgalloc_dma.rawValue
    guard rawValue >= first, rawValue &- first < UInt8(ZoneIndex.count) else { return nil }
    return ZoneIndex(rawValue: rawValue &- first)
  }

  /// The event of a request that had to wait for memory from a zone.
  @inlinable public static func allocstall(_ zone: ZoneIndex) -> VMStat {
    VMStat(rawValue: VMStat.allocstall_dma.rawValue &+ zone.rawValue) ?? .allocstall_dma
  }
}
