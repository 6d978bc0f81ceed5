package import KernelLayout
import MemoryTypes

extension PageTableDump.Marker {
  /// The regions of the kernel half in the words of its dumper (ptdump.c:address_markers, 6.1).
  package static func linux6_1(_ layout: KernelLayout) -> [PageTableDump.Marker] {
    var markers: [PageTableDump.Marker] = [
      .init(layout.pageOffset, "Linear Mapping start"),
      .init(layout.pageEnd, "Linear Mapping end"),
    ]
    if layout.hasShadow {
      markers += [
        .init(layout.shadowStart, "Kasan shadow start"),
        .init(layout.shadowEnd, "Kasan shadow end"),
      ]
    }
    return markers + [
      .init(layout.modulesStart, "Modules start"),
      .init(layout.modulesEnd, "Modules end"),
      .init(layout.vmallocStart, "vmalloc() area"),
      .init(layout.vmallocEnd, "vmalloc() end"),
      .init(layout.fixmapStart, "Fixmap start"),
      .init(layout.fixmapTop, "Fixmap end"),
      .init(layout.pciStart, "PCI I/O start"),
      .init(layout.pciEnd, "PCI I/O end"),
      .init(layout.vmemmapStart, "vmemmap start"),
      .init(layout.vmemmapEnd, "vmemmap end"),
    ]
  }
}
