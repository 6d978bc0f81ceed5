import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Swap
import Tasks

extension ProcFS {
  /// `/proc/swaps` (mm/swapfile.c:swap_show()).
  func swaps(_ out: inout Writer) {
    out.text("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
    let swap = kernel.memory.pointee.swap
    for number in 0..<swap.pointee.areaCount {
      guard let area = swap.pointee.area(number) else { continue }
      let name = area.pointee.name
      for index in 0..<name.count { out.byte(name.bytes[index]) }
      for _ in 0..<(name.count < 40 ? 40 &- name.count : 1) { out.text(" ") }
      out.text(name.isDevice ? "partition" : "file\t")
      figure(PageCount(area.pointee.pages), &out)
      figure(PageCount(area.pointee.inUse), &out)
      out.text("\t")
      if area.pointee.priority < 0 { out.text("-") }
      out.decimal(UInt64(area.pointee.priority.magnitude))
      out.text("\n")
    }
  }

  /// A number of kilobytes that is followed by one tabulator more where it is short.
  private func figure(_ pages: PageCount, _ out: inout Writer) {
    let kilobytes = pages.bytes(of: kernel.board.pageSize).kibibytes
    out.text("\t")
    out.decimal(kilobytes)
    if kilobytes < 10_000_000 { out.text("\t") }
  }
}
