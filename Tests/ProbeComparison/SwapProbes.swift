/// Probes of swapping, whose figures are within a tenth of Linux's.
enum SwapProbes {
  /// How far figures may be apart that are too small for a tenth of them to mean anything, or that
  /// are the kernel's own.
  static func slack(_ variant: Variant) -> (Substring, _ heading: Substring) -> Int {
    let kibibytes = variant.pageSize / 1024
    return { line, heading in
      let name = line.split(whereSeparator: { " \t".contains($0) }).first ?? ""
      // The recorded machine's own programs were touched more than once.
      if name == "Active(anon):" { return 128 * kibibytes }
      // Stocks of slots, 64 of them, and batches.
      if line.contains(" kB") || heading == "== swaps" { return 64 * kibibytes }
      // Of a few pages some are met twice, on Linux on one of the four variants only; in bytes.
      if name == "active_anon" { return 4 * variant.pageSize }
      // A slab or a table more or less, in bytes.
      if kernels.contains(name) { return 4 * variant.pageSize }
      return 64
    }
  }

  /// What the kernel has of a group's memory.
  private static let kernels: Set<Substring> = [
    "kernel", "pagetables", "slab", "slab_reclaimable", "slab_unreclaimable",
  ]
}

extension Probe {
  static var swapping: [Probe] {
    var zram = shared("swap-zram", of: "swap")
    zram.rule = .within(10)
    zram.options = ["--zram", "256M"]
    var disk = shared("swap")
    disk.rule = .within(10)
    disk.options = ["--swap", "256M"]
    return [zram, disk]
  }
}
