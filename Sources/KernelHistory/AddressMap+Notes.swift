import MemoryTypes

extension AddressMap {
  /// What is worth knowing about a region, in one line.
  package func note(of region: Region) -> String {
    let bits = configuration.actualVABits
    switch region.kind {
    case .user:
      let size = ByteCount(1 << bits)
      return bits == 48
        ? "programs: 48 bits are 256T for each half, not 128T"
        : "programs: \(bits) bits are \(size)"
    case .nonCanonical:
      return "bits 63 to \(min(bits, configuration.actualKernelBits)) differ: never translated"
    case .memory: return memoryNote
    case .kasan:
      let scale = configuration.kasan.shadowScale
      return "shadow: a byte for \(1 << scale) bytes of the kernel half"
    case .bpf: return "programs of the BPF compiler"
    case .modules: return "modules, in reach of the image's branches"
    case .vmalloc:
      return configuration.version >= KernelVersion(4, 6)
        ? "vmalloc(), ioremap(), stacks; the image at \(Self.hexadecimal(kernel.text))"
        : "vmalloc() and ioremap()"
    case .fixmap:
      var note = "slots of fixed address, from the top down; options add some"
      if let whole = kernel.wholeFixmapStart {
        note += "; those of the boot begin at \(Self.hexadecimal(whole))"
      }
      return note
    case .pciIO: return "I/O ports of PCI"
    case .vmemmap: return frameTableNote
    case .gap: return gapNote(region.range)
    }
  }

  private var memoryNote: String {
    let offset = memoryStart.rawValue &- kernel.pageOffset.rawValue
    guard let memory = region(.memory) else { return "" }
    guard let ram else { return "linear map of all RAM" }
    let physical = PhysicalAddress(memory.range.first.rawValue &+ offset)
    var note = "linear map of RAM, from physical \(Self.hexadecimal(physical.rawValue))"
    if memory.range.sizeLessOne < (ram.upperBound - ram.lowerBound).rawValue - 1 {
      note += "; not all of it fits"
    }
    return note
  }

  private var frameTableNote: String {
    let size = configuration.structPageSize
    guard ram != nil, let memory = region(.memory) else {
      return "struct page, \(size) bytes for each frame"
    }
    let first = pageStructure(ofLinear: memory.range.first)
    let last = pageStructure(ofLinear: memory.range.last) + ByteCount(size)
    return "struct page, \(size) bytes for each frame; of RAM \(Self.hexadecimal(first)) - "
      + Self.hexadecimal(last)
  }

  private func gapNote(_ range: AddressRange) -> String {
    if kernel.memory.contains(range.first) { return "linear map: no RAM here" }
    if let whole = kernel.wholeFixmapStart, range.contains(whole) {
      return "guard; at its end the fixmap's slots of the boot"
    }
    return range.sizeLessOne < 1 << 30 ? "guard" : "nothing"
  }

  /// 16 hexadecimal digits.
  static func hexadecimal(_ address: VirtualAddress) -> String {
    let digits = String(address.rawValue, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
