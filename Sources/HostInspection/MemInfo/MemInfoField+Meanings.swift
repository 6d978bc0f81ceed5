/// What the lines say: `fs/proc/meminfo.c` and whoever keeps the counters that it shows.
extension MemInfoField {
  static let whole = fields(
    .whole,
    [
      "MemTotal": "RAM that the kernel gives out: without its own image and what firmware keeps",
      "MemFree": "pages that nobody uses, those on the CPUs' own lists left out",
      "MemUsed": "MemTotal less MemFree (a node's text)",
      "MemAvailable":
        "what programs can still get without swapping: free above the reserves, and of file "
        + "cache and reclaimable slab all but a half or the low watermark",
      "HighTotal": "RAM above what a 32-bit kernel maps for itself",
      "HighFree": "of that, free",
      "LowTotal": "RAM that a 32-bit kernel can use for its own objects",
      "LowFree": "of that, free",
      "CmaTotal": "reserved for contiguous allocations of devices; lent to movable pages meanwhile",
      "CmaFree": "of that, free; part of MemFree",
      "Unaccepted": "memory of a confidential guest that was not touched yet; part of MemFree",
      "Balloon": "given back to the hypervisor",
      "HardwareCorrupted": "pages that were taken out after memory errors",
      "EarlyMemtestBad": "RAM that failed the test at boot",
    ])

  static let contents =
    fields(
      .programs,
      [
        "AnonPages": "anonymous pages mapped by programs: heaps, stacks, private copies",
        "Mapped": "file pages and shared memory that are mapped by some program",
        "Shmem": "tmpfs, shared anonymous memory, SysV segments, some GPU buffers; part of Cached",
        "Mlocked": "locked into memory by mlock; part of Unevictable",
      ])
    + fields(
      .files,
      [
        "Cached": "the page cache: files' pages and Shmem; not Buffers, not SwapCached",
        "FilePages": "the page cache with Buffers and SwapCached (a node's text)",
        "Buffers": "the page cache of block devices themselves: file systems' own structures",
        "Dirty": "changed and to be written back",
        "Writeback": "being written back now",
        "WritebackTmp": "FUSE's copies of pages being written back (up to 6.15)",
        "NFS_Unstable": "sent to an NFS server, not yet on its disk (part of Writeback since 5.8)",
        "Bounce": "copies for devices that cannot reach a page (up to 6.16)",
      ])
    + fields(
      .lists,
      [
        "Active": "used lately: reclaimed last",
        "Inactive": "not used lately: reclaimed first",
        "Active(anon)": "of Active, anonymous and shared memory: can only go to swap",
        "Inactive(anon)": "of Inactive, anonymous and shared memory",
        "Active(file)": "of Active, file pages: can be dropped, when dirty after writing",
        "Inactive(file)": "of Inactive, file pages",
        "Unevictable": "pages that reclaim must leave: locked, ramfs, secret memory",
      ])
    + fields(
      .swap,
      [
        "SwapTotal": "room for pages on swap devices",
        "SwapFree": "of that, free",
        "SwapCached": "in memory and on swap both: can be dropped without writing",
        "Zswap": "RAM that holds compressed pages on their way to swap",
        "Zswapped": "what these pages were before they were compressed",
      ])

  static let kernel = fields(
    .kernel,
    [
      "Slab": "the kernel's objects in slab caches: both kinds below",
      "SReclaimable": "those that can be given up: dentries, inodes",
      "SUnreclaim": "those that cannot",
      "KReclaimable": "all kernel memory that can be given up: SReclaimable and some more",
      "KernelStack": "stacks of all threads' system calls",
      "ShadowCallStack": "their copies of return addresses",
      "PageTables": "page tables of programs",
      "SecPageTables": "second-stage tables of guests (KVM) and of IOMMUs",
      "Percpu": "variables of which every CPU has its own",
      "VmallocUsed":
        "pages mapped by vmalloc: modules, large tables, and with VMAP_STACK all kernel stacks",
      "GPUActive": "system memory that GPU drivers gave to buffers",
      "GPUReclaim": "system memory that GPU drivers keep in their pools",
      "MmapCopy": "copies made by mmap where there is no MMU",
      "Quicklists": "page tables kept for reuse (up to 5.2)",
    ])

  static let rest =
    fields(
      .huge,
      [
        "AnonHugePages": "anonymous memory in transparent huge pages; part of AnonPages",
        "ShmemHugePages": "shared memory in huge pages; part of Shmem",
        "ShmemPmdMapped": "of that, mapped as huge pages",
        "FileHugePages": "file pages in huge pages; part of Cached",
        "FilePmdMapped": "of that, mapped as huge pages",
        "HugePages_Total": "pages in the pool of the default size (hugetlbfs)",
        "HugePages_Free": "of those, in no use",
        "HugePages_Rsvd": "of the free ones, promised to mappings",
        "HugePages_Surp": "pages above nr_hugepages, which go away when freed",
        "Hugepagesize": "the size of these pages",
        "Hugetlb": "what the pools of all sizes hold: out of reach of everything else",
      ])
    + fields(
      .promises,
      [
        "CommitLimit":
          "what may be promised when vm.overcommit_memory is 2: a share of RAM, and swap",
        "Committed_AS": "what was promised: what programs could touch of their private memory",
        "VmallocTotal": "addresses that vmalloc has; addresses, not memory",
        "VmallocChunk": "the largest free range of them; always 0 since 4.4",
      ])
    + fields(
      .direct,
      [
        "DirectMap4k": "in 4K pages: each takes a TLB entry of its own",
        "DirectMap64k": "in 64K pages", "DirectMap1M": "in 1M blocks", "DirectMap2M": "in 2M pages",
        "DirectMap4M": "in 4M pages", "DirectMap1G": "in 1G pages", "DirectMap2G": "in 2G blocks",
      ])
}
