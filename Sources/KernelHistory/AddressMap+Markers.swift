package import MemoryTypes

/// A border that the kernel's dump of its page tables names.
package struct PageTableMarker: Hashable, Sendable {
  package var address: VirtualAddress
  package var name: String
}

extension AddressMap {
  /// The borders in `/sys/kernel/debug/kernel_page_tables` (mm/ptdump.c, before 5.7 mm/dump.c), in
  /// ascending order; none before 3.19, which brought the dump.
  package var pageTableMarkers: [PageTableMarker] {
    let version = configuration.version
    guard version >= KernelVersion(3, 19) else { return [] }
    let isFlipped = version >= KernelVersion(5, 4)
    var named: [(AddressRange, start: String, end: String?)] = [
      (kernel.modules, "Modules start", "Modules end"),
      (
        kernel.vmalloc, isFlipped ? "vmalloc() area" : "vmalloc() Area",
        isFlipped ? "vmalloc() end" : "vmalloc() End"
      ),
      (
        AddressRange(
          first: kernel.wholeFixmapStart ?? kernel.fixmap.first, last: kernel.fixmap.last),
        "Fixmap start", "Fixmap end"
      ),
      (kernel.pciIO, "PCI I/O start", "PCI I/O end"),
      (kernel.vmemmap, "vmemmap start", "vmemmap end"),
    ]
    if isFlipped {
      // PAGE_OFFSET is the kernel's constant, whatever the machine translates.
      let linear = AddressRange(first: kernel.pageOffset, last: kernel.memory.last)
      named.append((linear, "Linear Mapping start", "Linear Mapping end"))
    } else {
      let isInVmalloc = version >= KernelVersion(4, 6)
      named.append((kernel.memory, isInVmalloc ? "Linear Mapping" : "Kernel Mapping", nil))
    }
    if let kasan = kernel.kasan { named.append((kasan, "Kasan shadow start", "Kasan shadow end")) }
    if let bpf = kernel.bpf, isFlipped { named.append((bpf, "BPF start", "BPF end")) }
    return named.sorted { $0.0.first < $1.0.first }.flatMap { range, start, end in
      [PageTableMarker(address: range.first, name: start)]
        + (end.map { [PageTableMarker(address: range.end, name: $0)] } ?? [])
    }
  }
}
