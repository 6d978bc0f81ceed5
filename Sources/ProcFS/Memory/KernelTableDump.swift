import Arm64
import Files
import KernelLayout
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/sys/kernel/debug/kernel_page_tables`: the kernel half, a line a run of equal descriptors
  /// (arch/arm64/mm/ptdump.c).
  func kernelPageTables(_ out: inout Writer) {
    guard let root = kernel.board.kernelRoot else { return }
    var dump = KernelTableDump(layout: kernel.layout, geometry: kernel.board.translation)
    PageTable(board: kernel.board, root: root).forEachLeaf(
      in: kernel.layout.pageOffset..<VirtualAddress(.max)
    ) { leaf in
      dump.note(leaf.address, leaf.level, leaf.descriptor.rawValue, &out)
    }
    dump.note(VirtualAddress(0), nil, 0, &out)
  }
}

/// The run that a dump is in, and the next border of a region.
struct KernelTableDump: BitwiseCopyable {
  let layout: KernelLayout
  let geometry: TranslationGeometry
  private var isFirst = true
  private var start = VirtualAddress(0)
  private var level: Int?
  private var attributes: UInt64 = 0
  private var marker = 0

  init(layout: KernelLayout, geometry: TranslationGeometry) {
    self.layout = layout
    self.geometry = geometry
  }

  /// Takes the next descriptor; ends the run if it is another one (note_page()).
  mutating func note<B: Processor>(
    _ address: VirtualAddress, _ level: Int?, _ descriptor: UInt64, _ out: inout TextWriter<B>
  ) {
    let attributes = descriptor & Self.mask
    if isFirst {
      isFirst = false
      begin(address, level, attributes)
      header(&out)
      return
    }
    let passes = marker + 1 < Self.markers && address >= border(marker + 1)
    if attributes != self.attributes || level != self.level || passes {
      line(to: address, &out)
      if passes { next(&out) }
      begin(address, level, attributes)
    }
    if marker + 1 < Self.markers, address >= border(marker + 1) { next(&out) }
  }

  private mutating func begin(_ address: VirtualAddress, _ level: Int?, _ attributes: UInt64) {
    start = address
    self.level = level
    self.attributes = attributes
  }

  private mutating func next<B: Processor>(_ out: inout TextWriter<B>) {
    marker += 1
    header(&out)
  }

  private func header<B: Processor>(_ out: inout TextWriter<B>) {
    out.text("---[ ")
    out.text(name(marker))
    out.text(" ]---\n")
  }

  private func line<B: Processor>(to end: VirtualAddress, _ out: inout TextWriter<B>) {
    out.text("0x")
    out.hexadecimal(start.rawValue, width: 16)
    out.text("-0x")
    out.hexadecimal(end.rawValue, width: 16)
    out.text("   ")
    var amount = (end - start).kibibytes
    var unit: UInt8 = 0
    while amount & 1023 == 0, unit < 5 {
      amount &>>= 10
      unit += 1
    }
    out.decimal(amount, width: 9)
    out.byte(Self.unit(unit))
    out.byte(0x20)
    out.text(levelName)
    if attributes != 0 { bits(&out) }
    out.newline()
  }

  private static func unit(_ power: UInt8) -> UInt8 {
    switch power {
    case 0: 0x4B  // K
    case 1: 0x4D  // M
    case 2: 0x47  // G
    case 3: 0x54  // T
    case 4: 0x50  // P
    default: 0x45  // E
    }
  }

  /// The name of the level; the first table is the PGD wherever it stands.
  private var levelName: StaticString {
    guard let level, level != geometry.startLevel else { return "PGD" }
    switch level {
    case 0: return "P4D"
    case 1: return "PUD"
    case 2: return "PMD"
    default: return "PTE"
    }
  }

  private func bits<B: Processor>(_ out: inout TextWriter<B>) {
    func flag(_ bit: Descriptor.Attributes, _ set: StaticString, _ clear: StaticString) {
      out.byte(0x20)
      out.text(attributes & bit.rawValue == bit.rawValue ? set : clear)
    }
    flag(.valid, " ", "F")
    flag(.user, "USR", "   ")
    flag(.readOnly, "ro", "RW")
    flag(.privilegedExecuteNever, "NX", "x ")
    flag(.innerShareable, "SHD", "   ")
    flag(.accessed, "AF", "  ")
    flag(.notGlobal, "NG", "  ")
    flag(.contiguous, "CON", "   ")
    flag(.tableBit, "   ", "BLK")
    flag(.userExecuteNever, "UXN", "   ")
    flag(.guarded, "GP", "  ")
    out.byte(0x20)
    // The indices that MAIR_EL1 gives a meaning (arch/arm64/include/asm/memory.h: MT_NORMAL …).
    switch (attributes & Descriptor.Attributes.memoryTypeMask) &>> 2 {
    case 0: out.text("MEM/NORMAL")
    case 1: out.text("MEM/NORMAL-TAGGED")
    case 2: out.text("MEM/NORMAL-NC")
    case 3: out.text("DEVICE/nGnRnE")
    case 4: out.text("DEVICE/nGnRE")
    default: break
    }
  }

  /// The bits that tell one run from the next.
  private static var mask: UInt64 {
    let flags: Descriptor.Attributes = [
      .valid, .user, .readOnly, .privilegedExecuteNever, .innerShareable, .accessed, .notGlobal,
      .contiguous, .tableBit, .userExecuteNever, .guarded,
    ]
    return flags.rawValue | Descriptor.Attributes.memoryTypeMask
  }

  private static var markers: Int { 12 }

  /// Where a region begins or ends, in rising order (`address_markers`).
  private func border(_ index: Int) -> VirtualAddress {
    switch index {
    case 0: layout.pageOffset
    case 1: layout.pageEnd
    case 2: layout.modulesStart
    case 3: layout.modulesEnd
    case 4: layout.vmallocStart
    case 5: layout.vmallocEnd
    case 6: layout.fixmapStart
    case 7: layout.fixmapTop
    case 8: layout.pciStart
    case 9: layout.pciEnd
    case 10: layout.vmemmapStart
    default: layout.vmemmapEnd
    }
  }

  private func name(_ index: Int) -> StaticString {
    switch index {
    case 0: "Linear Mapping start"
    case 1: "Linear Mapping end"
    case 2: "Modules start"
    case 3: "Modules end"
    case 4: "vmalloc() area"
    case 5: "vmalloc() end"
    case 6: "Fixmap start"
    case 7: "Fixmap end"
    case 8: "PCI I/O start"
    case 9: "PCI I/O end"
    case 10: "vmemmap start"
    default: "vmemmap end"
    }
  }
}
