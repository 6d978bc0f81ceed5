package import MemoryTypes

/// Where all the memory is: MemTotal, divided among what holds it.
///
/// The counters of `/proc/meminfo` overlap (Shmem is part of Cached, stacks lie in vmalloc's pages)
/// and leave things out (pages that a driver took for itself). So the parts here are made not to
/// overlap, and what none of them explains is the remainder:
///
///     MemTotal == MemFree + AnonPages + (Cached - Shmem) + Shmem + Buffers + Hugetlb + kernel
///                 + given away + remainder
///
/// Two overlaps cannot be told from the text: swap cache may be mapped (and is in AnonPages, too),
/// and a ballooned page may or may not have been taken out of MemTotal. The remainder is a range
/// then.
package struct Whereabouts: Equatable, Sendable {
  /// Something that holds memory, and what it consists of.
  package struct Part: Equatable, Sendable {
    package var name: String
    package var size: ByteCount
    package var meaning: String
    package var parts: [Part] = []
    /// Whether some of it may be in another part, too, or outside of MemTotal.
    var mayOverlap = false
  }

  package var total: ByteCount
  package var parts: [Part]
  /// What nothing accounts for, in bytes; negative where counters claim more than there is.
  package var remainder: ClosedRange<Int64>

  package init(_ info: MemInfo) {
    total = info.total
    parts = [
      Part(name: "free", size: Self.size(info.bytes("MemFree")), meaning: "nobody uses it"),
      Part(
        name: "programs", size: Self.size(info.bytes("AnonPages")),
        meaning: "anonymous: heaps, stacks, private copies"),
      Self.fileCache(info),
      Part(
        name: "shared memory", size: Self.size(info.bytes("Shmem")),
        meaning: "tmpfs, shared anonymous memory, SysV"),
      Self.hugePool(info), Self.kernel(info),
      Part(
        name: "swap cache", size: Self.size(info.bytes("SwapCached")),
        meaning: "on swap as well; what is mapped of it is in programs, too", mayOverlap: true),
      Part(
        name: "compressed swap", size: Self.size(info.bytes("Zswap")), meaning: "zswap's pool"),
      Part(
        name: "GPU", size: Self.size(info.bytes("GPUActive") + info.bytes("GPUReclaim")),
        meaning: "buffers and pools of its drivers"),
      Part(
        name: "balloon", size: Self.size(info.bytes("Balloon")),
        meaning: "given back to the hypervisor; not in MemTotal on most of them", mayOverlap: true),
      Part(
        name: "broken", size: Self.size(info.bytes("HardwareCorrupted")),
        meaning: "taken out after memory errors"),
    ].filter { $0.size != .zero }
    let certain = parts.filter { !$0.mayOverlap }.reduce(0) { $0 + Int64($1.size.rawValue) }
    let doubtful = parts.filter(\.mayOverlap).reduce(0) { $0 + Int64($1.size.rawValue) }
    let left = Int64(total.rawValue) - certain
    remainder = left - doubtful...left
  }

  private static func size(_ bytes: Int64) -> ByteCount { ByteCount(UInt64(max(0, bytes))) }

  private static func fileCache(_ info: MemInfo) -> Part {
    let files = size(info.bytes("Cached") - info.bytes("Shmem"))
    let buffers = size(info.bytes("Buffers"))
    return Part(
      name: "file cache", size: files + buffers, meaning: "droppable, when dirty after writing",
      parts: [
        Part(name: "files", size: files, meaning: "pages of files"),
        Part(name: "buffers", size: buffers, meaning: "pages of block devices"),
      ])
  }

  /// Hugetlb counts all sizes; kernels before 4.16 tell only the default one.
  private static func hugePool(_ info: MemInfo) -> Part {
    let page = info.bytes("Hugepagesize")
    func pages(_ name: String) -> Int64 {
      let (size, overflow) = page.multipliedReportingOverflow(
        by: Int64(clamping: info.count(name) ?? 0))
      return overflow ? 0 : size
    }
    let all = max(info.bytes("Hugetlb"), min(pages("HugePages_Total"), 1 << 62))
    let free = min(pages("HugePages_Free"), all)
    return Part(
      name: "huge page pool", size: size(all), meaning: "hugetlbfs only",
      parts: [
        Part(name: "used", size: size(all - free), meaning: "in files or mappings"),
        Part(name: "unused", size: size(free), meaning: "nothing else can have it"),
      ])
  }

  private static func kernel(_ info: MemInfo) -> Part {
    // With VMAP_STACK, which every distribution has, stacks are vmalloc's pages. A kernel that
    // counts no pages there (4.4 to 5.2) counts them once.
    let stacks = info.bytes("KernelStack")
    let vmalloc = info.bytes("VmallocUsed")
    let misc = info.bytes("KReclaimable") - info.bytes("SReclaimable")
    let parts = [
      Part(
        name: "slab, reclaimable", size: size(info.bytes("SReclaimable")),
        meaning: "dentries, inodes"),
      Part(
        name: "slab, unreclaimable", size: size(info.bytes("SUnreclaim")),
        meaning: "other objects"),
      Part(
        name: "other reclaimable", size: info.size("KReclaimable") == nil ? .zero : size(misc),
        meaning: "what shrinkers can free beside slab"),
      Part(name: "page tables", size: size(info.bytes("PageTables")), meaning: "of programs"),
      Part(
        name: "second-stage tables", size: size(info.bytes("SecPageTables")),
        meaning: "of guests and IOMMUs"),
      Part(name: "stacks", size: size(stacks), meaning: "a few pages for every thread"),
      Part(
        name: "shadow stacks", size: size(info.bytes("ShadowCallStack")),
        meaning: "of return addresses"),
      Part(
        name: "vmalloc", size: size(vmalloc >= stacks ? vmalloc - stacks : vmalloc),
        meaning: "modules, large tables; stacks taken out"),
      Part(name: "per CPU", size: size(info.bytes("Percpu")), meaning: "each CPU's variables"),
      Part(
        name: "bounce and FUSE copies",
        size: size(info.bytes("Bounce") + info.bytes("WritebackTmp")), meaning: "on their way out"),
    ].filter { $0.size != .zero }
    return Part(
      name: "kernel", size: ByteCount(parts.reduce(0) { $0 + $1.size.rawValue }),
      meaning: "its objects and tables", parts: parts)
  }
}
