import AddressSpaces
import Arm64
import Files
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import Swap
import Tasks

extension ProcFS {
  /// A counter of the frame allocator.
  func count(_ item: VMStat) -> UInt64 {
    UInt64(max(kernel.frames.pointee.shown(item), 0))
  }

  /// `/proc/meminfo` (fs/proc/meminfo.c).
  func meminfo(_ out: inout Writer) {
    let frames = kernel.frames
    let swap = kernel.memory.pointee.swap
    let slabReclaimable = count(.nr_slab_reclaimable)
    let slabUnreclaimable = count(.nr_slab_unreclaimable)
    pages("MemTotal:       ", frames.pointee.managed.rawValue, &out)
    pages("MemFree:        ", frames.pointee.free.rawValue, &out)
    pages("MemAvailable:   ", available, &out)
    pages("Buffers:        ", 0, &out)
    pages("Cached:         ", count(.nr_file_pages) &- count(.nr_swapcached), &out)
    pages("SwapCached:     ", count(.nr_swapcached), &out)
    pages("Active:         ", count(.nr_active_anon) &+ count(.nr_active_file), &out)
    pages("Inactive:       ", count(.nr_inactive_anon) &+ count(.nr_inactive_file), &out)
    pages("Active(anon):   ", count(.nr_active_anon), &out)
    pages("Inactive(anon): ", count(.nr_inactive_anon), &out)
    pages("Active(file):   ", count(.nr_active_file), &out)
    pages("Inactive(file): ", count(.nr_inactive_file), &out)
    pages("Unevictable:    ", count(.nr_unevictable), &out)
    pages("Mlocked:        ", count(.nr_mlock), &out)
    pages("SwapTotal:      ", UInt64(max(swap.pointee.totalPages, 0)), &out)
    pages("SwapFree:       ", UInt64(max(swap.pointee.freePages, 0)), &out)
    pages("Dirty:          ", count(.nr_dirty), &out)
    pages("Writeback:      ", count(.nr_writeback), &out)
    pages("AnonPages:      ", count(.nr_anon_pages), &out)
    pages("Mapped:         ", count(.nr_mapped), &out)
    pages("Shmem:          ", count(.nr_shmem), &out)
    pages("KReclaimable:   ", slabReclaimable &+ count(.nr_kernel_misc_reclaimable), &out)
    pages("Slab:           ", slabReclaimable &+ slabUnreclaimable, &out)
    pages("SReclaimable:   ", slabReclaimable, &out)
    pages("SUnreclaim:     ", slabUnreclaimable, &out)
    kilobytes("KernelStack:    ", .kibibytes(count(.nr_kernel_stack)), &out)
    pages("PageTables:     ", count(.nr_page_table_pages), &out)
    pages("SecPageTables:  ", count(.nr_sec_page_table_pages), &out)
    pages("NFS_Unstable:   ", 0, &out)
    pages("Bounce:         ", count(.nr_bounce), &out)
    pages("WritebackTmp:   ", count(.nr_writeback_temp), &out)
    pages("CommitLimit:    ", kernel.memory.pointee.commitLimit.rawValue, &out)
    pages("Committed_AS:   ", UInt64(max(kernel.memory.pointee.committed, 0)), &out)
    kilobytes("VmallocTotal:   ", kernel.layout.vmallocEnd - kernel.layout.vmallocStart, &out)
    pages("VmallocUsed:    ", kernel.vmalloc.pointee.usedPages.rawValue, &out)
    pages("VmallocChunk:   ", 0, &out)
    pages("Percpu:         ", kernel.slab.pointee.perCPUFrames.rawValue, &out)
    pages("AnonHugePages:  ", count(.nr_anon_transparent_hugepages), &out)
    pages("ShmemHugePages: ", count(.nr_shmem_hugepages), &out)
    pages("ShmemPmdMapped: ", count(.nr_shmem_pmdmapped), &out)
    pages("FileHugePages:  ", count(.nr_file_hugepages), &out)
    pages("FilePmdMapped:  ", count(.nr_file_pmdmapped), &out)
    hugePages(&out)
  }

  /// What pools of huge pages have: of the default size, and in all (hugetlb_report_meminfo()).
  ///
  /// None can be reserved or mapped, so all are free.
  private func hugePages(_ out: inout Writer) {
    let frames = kernel.frames
    let count = UInt64(frames.pointee.hugePages[0].count)
    out.text("HugePages_Total:   ")
    out.decimal(count, width: 5)
    out.text("\nHugePages_Free:    ")
    out.decimal(count, width: 5)
    out.text("\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n")
    kilobytes("Hugepagesize:   ", hugePageSize, &out)
    let small = UInt64(frames.pointee.hugePages[1].count)
    let bytes =
      frames.pointee.hugePageBytes(.block).rawValue &* count
      &+ frames.pointee.hugePageBytes(.contiguous).rawValue &* small
    kilobytes("Hugetlb:        ", ByteCount(bytes), &out)
  }

  func pages(_ label: StaticString, _ pages: UInt64, _ out: inout Writer) {
    kilobytes(label, PageCount(pages).bytes(of: kernel.board.pageSize), &out)
  }

  /// A block of the level above the last: 2M on 4K pages, 32M on 16K, 512M on 64K.
  var hugePageSize: ByteCount { ByteCount(1 &<< kernel.layout.hugePageShift) }

  /// What could be had without swapping (mm/page_alloc.c: si_mem_available()): free memory above
  /// the reserves, and of the page cache and of caches that can shrink all but a half or the low
  /// watermark, whichever is less.
  private var available: UInt64 {
    let frames = kernel.frames
    var low = 0
    for raw in 0..<UInt8(ZoneIndex.count) {
      if let zone = ZoneIndex(rawValue: raw) {
        low &+= frames.pointee.figures(of: zone).watermarks.low
      }
    }
    let cache = Int(count(.nr_active_file) &+ count(.nr_inactive_file))
    let reclaimable = Int(count(.nr_slab_reclaimable) &+ count(.nr_kernel_misc_reclaimable))
    var sum = Int(frames.pointee.free.rawValue) &- frames.pointee.totalReserve
    sum &+= cache &- min(cache / 2, low)
    sum &+= reclaimable &- min(reclaimable / 2, low)
    return UInt64(max(sum, 0))
  }
}
