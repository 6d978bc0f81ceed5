/// What the lines of a CPU mean, word by word.
package enum CPUFieldMeaning {
  /// What a line says, given its value; nil for a line that is explained elsewhere or not known.
  package static func of(_ field: ProcField) -> String? {
    switch field.name {
    case "address sizes": AddressSizes(field.value)?.meaning
    case "TLB size": tlb(field)
    case "wp":
      field.value == "yes"
        ? "read-only pages are so for the kernel, too: copy on write holds in system calls"
        : "the kernel can write to read-only pages: copy on write must be checked by hand"
    case "CPU architecture": "Armv\(field.value == "AArch64" ? "8" : field.value)-A or later"
    case "cache size":
      "the last level private to the core (x86 shows one level only)"
    default: plain[field.name]
    }
  }

  /// `3584 4K pages`: what the TLB reaches.
  private static func tlb(_ field: ProcField) -> String? {
    guard let entries = field.words.first.flatMap({ UInt64($0) }), entries < 1 << 40 else {
      return nil
    }
    let reach = entries * 4
    return "data translations kept: \(reach >= 1024 ? "\(reach / 1024)M" : "\(reach)K") of memory "
      + "without a walk, with 4K pages"
  }

  private static let plain: [String: String] = [
    "processor": "the kernel's numbers of the CPUs that are like this",
    "vendor_id": "who made it (CPUID leaf 0)",
    "cpu family": "the design's family; with the model it names the design",
    "model": "which design of the family", "model name": "what its maker sells it as",
    "stepping": "the revision of the silicon", "microcode": "the revision of its microcode",
    "cpu MHz": "the clock at the moment, or nominally", "physical id": "the package it sits in",
    "siblings": "hardware threads in the package", "core id": "the core within the package",
    "cpu cores": "cores in the package", "apicid": "its number for interrupts",
    "initial apicid": "that number as firmware set it",
    "fpu": "whether it has a floating-point unit",
    "fpu_exception": "whether that reports errors by exception 16",
    "cpuid level": "the highest CPUID leaf", "bogomips": "the delay loop's measure; no speed",
    "BogoMIPS": "twice the counter's frequency in MHz; no speed",
    "clflush size": "bytes that one flush writes back: a cache line",
    "cache_alignment": "what the kernel aligns to so that CPUs do not share a line",
    "CPU implementer": "who made it (MIDR_EL1, bits 31-24)",
    "CPU variant": "the major revision (bits 23-20)",
    "CPU part": "which core it is (bits 15-4)",
    "CPU revision": "the minor revision (bits 3-0)",
    "Hardware": "the board (old kernels)", "Revision": "the board's revision",
    "Serial": "the board's serial number", "Model": "the board, by its device tree",
    "Processor": "the core, by the kernel's name for its family (old kernels)",
  ]
}
