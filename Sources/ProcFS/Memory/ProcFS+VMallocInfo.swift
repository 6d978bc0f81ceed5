import Arm64
import Files
import KernelHeap
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/vmallocinfo` (mm/vmalloc.c: s_show(), show_purge_info()), with addresses as the kernel
  /// has them (`no_hash_pointers`).
  func vmallocinfo(_ out: inout Writer) {
    kernel.vmalloc.pointee.forEachEntry { entry in
      switch entry {
      case .described(let description): write(description, &out)
      case .brief(let range): write(range, " vm_map_ram\n", &out)
      case .lazy(let range): write(range, " unpurged vm_area\n", &out)
      }
    }
  }

  private func write(_ description: KernelPointer<VMDescription>, _ out: inout Writer) {
    let start = description.pointee.start
    write(start..<(start + description.pointee.size), "", &out)
    write(description.pointee.caller, &out)
    if description.pointee.pages != 0 {
      out.text(" pages=")
      out.decimal(UInt64(description.pointee.pages))
    }
    if description.pointee.physical.rawValue != 0 {
      out.text(" phys=0x")
      out.hexadecimal(description.pointee.physical.rawValue, width: 16)
    }
    let flags = description.pointee.flags
    if flags.contains(.ioremap) { out.text(" ioremap") }
    if flags.contains(.alloc) { out.text(" vmalloc") }
    if flags.contains(.map) { out.text(" vmap") }
    if flags.contains(.userMap) { out.text(" user") }
    if flags.contains(.dmaCoherent) { out.text(" dma-coherent") }
    out.newline()
  }

  private func write(
    _ range: Range<VirtualAddress>, _ what: StaticString, _ out: inout Writer
  ) {
    out.text("0x")
    out.hexadecimal(range.lowerBound.rawValue, width: 16)
    out.text("-0x")
    out.hexadecimal(range.upperBound.rawValue, width: 16)
    out.byte(0x20)
    out.decimal((range.upperBound - range.lowerBound).rawValue, width: 7)
    out.text(what)
  }

  /// Who asked: the function's name and where in it (`%pS`), or its bare name.
  private func write(_ caller: VMCaller, _ out: inout Writer) {
    guard caller.word != 0 else { return }
    out.byte(0x20)
    if caller.isName {
      caller.forEachByte { out.byte($0) }
    } else {
      kernel.board.describeCode(at: VirtualAddress(UInt64(caller.word))) { out.byte($0) }
    }
  }
}
