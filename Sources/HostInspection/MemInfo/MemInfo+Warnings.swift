import Machine
import MemoryTypes

/// What a number of `/proc/meminfo` should make its reader think of.
package struct MemInfoWarning: Equatable, Sendable {
  /// The line it is about.
  package var name: String
  package var text: String
}

extension MemInfo {
  /// What deserves a word, the worst first.
  package var warnings: [MemInfoWarning] {
    guard total != .zero else { return [] }
    return shortage + promises + pools + kernelWarnings + remainderWarning + oddities
  }

  /// A line's share of all memory, in percent.
  private func share(_ bytes: Int64) -> Int64 {
    guard total.rawValue > 0 else { return 0 }
    return Int64(Double(bytes) * 100 / Double(total.rawValue))
  }

  private func text(_ bytes: Int64) -> String { ByteCount(UInt64(max(0, bytes))).rounded }

  private var shortage: [MemInfoWarning] {
    var found: [MemInfoWarning] = []
    if size("MemAvailable") != nil, share(bytes("MemAvailable")) < 5 {
      found.append(
        MemInfoWarning(
          name: "MemAvailable",
          text: "\(text(bytes("MemAvailable"))), less than a twentieth of memory: "
            + "whoever needs more makes reclaim work"))
    }
    let (all, free) = (bytes("SwapTotal"), bytes("SwapFree"))
    if all > 0, free < all / 10 {
      found.append(
        MemInfoWarning(
          name: "SwapFree", text: "swap is full to nine tenths: after it comes the OOM killer"))
    } else if all > 0, all - free > all / 2, share(bytes("MemAvailable")) < 20 {
      found.append(
        MemInfoWarning(
          name: "SwapFree", text: "\(text(all - free)) are swapped out while memory is short"))
    }
    return found
  }

  private var promises: [MemInfoWarning] {
    let (promised, limit) = (bytes("Committed_AS"), bytes("CommitLimit"))
    guard limit > 0, promised > limit else { return [] }
    let real = Int64(total.rawValue) + bytes("SwapTotal")
    return [
      MemInfoWarning(
        name: "Committed_AS",
        text: promised > real
          ? "\(text(promised)) are promised, more than RAM and swap hold (\(text(real))): if "
            + "programs touch it all, the OOM killer decides"
          : "\(text(promised)) are promised, above CommitLimit (\(text(limit))): with "
            + "vm.overcommit_memory=2 nothing more would be")
    ]
  }

  private var pools: [MemInfoWarning] {
    let page = size("Hugepagesize")?.rawValue ?? 0
    let free = count("HugePages_Free") ?? 0
    let idle = free - min(free, count("HugePages_Rsvd") ?? 0)
    let (bytes, overflow) = idle.multipliedReportingOverflow(by: page)
    var found: [MemInfoWarning] = []
    if idle > 0, !overflow, bytes < 1 << 62 {
      found.append(
        MemInfoWarning(
          name: "HugePages_Free",
          text: "\(ByteCount(bytes).rounded) in the huge page pool that nobody uses and nobody "
            + "reserved: \(share(Int64(bytes))) % of memory that nothing else can have"))
    }
    let cma = self.bytes("CmaFree")
    if cma > 0, share(self.bytes("MemFree") - cma) < 2, share(cma) >= 2 {
      found.append(
        MemInfoWarning(
          name: "CmaFree",
          text: "\(text(cma)) of what is free only movable pages can have: the kernel cannot"))
    }
    return found
  }

  private var kernelWarnings: [MemInfoWarning] {
    func above(_ name: String, _ percent: Int64, _ why: String) -> MemInfoWarning? {
      let value = share(bytes(name))
      return value >= percent
        ? MemInfoWarning(name: name, text: "\(text(bytes(name))), \(value) % of memory: \(why)")
        : nil
    }
    return [
      above("SUnreclaim", 10, "kernel objects that cannot be given up; /proc/slabinfo says which"),
      above(
        "PageTables", 5,
        "many processes that map the same memory, or sparse ones; huge pages or "
          + "larger pages need less"),
      above("KernelStack", 3, "a very great number of threads"),
      above("Percpu", 5, "many memory cgroups or network name spaces, times the number of CPUs"),
      above("VmallocUsed", 10, "/proc/vmallocinfo says whose it is"),
      above("Mlocked", 30, "locked by programs: reclaim has that much less to choose from"),
      above("Shmem", 40, "tmpfs and shared memory: only swap can hold it instead"),
      above("Dirty", 20, "not written back yet: writers will be slowed"),
      above("Writeback", 10, "being written back: a slow device"),
    ].compactMap { $0 }
  }

  private var remainderWarning: [MemInfoWarning] {
    let left = Whereabouts(self).remainder
    if share(left.lowerBound) >= 5, left.lowerBound > 64 << 20 {
      return [
        MemInfoWarning(
          name: "MemTotal",
          text: "\(text(left.lowerBound)) (\(share(left.lowerBound)) %) are counted nowhere: pages "
            + "that drivers took (GPU, network, a hypervisor's balloon), zram's pool, a leak")
      ]
    }
    if share(-left.upperBound) >= 1, -left.upperBound > 16 << 20 {
      return [
        MemInfoWarning(
          name: "MemTotal",
          text: "the counters claim \(text(-left.upperBound)) more than there is: something is "
            + "counted twice here")
      ]
    }
    return []
  }

  private var oddities: [MemInfoWarning] {
    var found: [MemInfoWarning] = []
    for name in ["HardwareCorrupted", "EarlyMemtestBad"] where bytes(name) > 0 {
      found.append(MemInfoWarning(name: name, text: "\(text(bytes(name))) of RAM is defective"))
    }
    let direct = lines.filter { $0.name.hasPrefix("DirectMap") }.reduce(0) { $0 + bytes($1.name) }
    let small = bytes("DirectMap4k")
    if direct > 1 << 30, small > direct / 4 {
      found.append(
        MemInfoWarning(
          name: "DirectMap4k",
          text: "\(small * 100 / direct) % of RAM is mapped in 4K pages: the kernel's own accesses "
            + "miss the TLB more often"))
    }
    let (held, before) = (bytes("Zswap"), bytes("Zswapped"))
    if held > 64 << 20, held > before / 4 * 3 {
      found.append(
        MemInfoWarning(
          name: "Zswap", text: "pages compress badly: \(text(held)) hold \(text(before))"))
    }
    return found
  }
}
