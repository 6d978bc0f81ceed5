import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// `memory.stat` and `memory.numa_stat` (memory_stat_format(), memory_numa_stat_show()).
extension ProcFS {
  func memoryStatistics(of group: KernelPointer<MemoryGroup>?, _ out: inout Writer) {
    func row(_ name: StaticString, _ value: UInt64) {
      out.text(name)
      out.byte(0x20)
      out.decimal(value)
      out.newline()
    }
    var index = 0
    var slab: UInt64 = 0
    while let line = GroupStatistic.line(index) {
      let value = kernel.bytes(line, of: group)
      row(line.name, value)
      if index == 22 || index == 23 { slab &+= value }
      if index == 23 { row("slab", slab) }
      index &+= 1
    }
    func events(_ a: VMStat, _ b: VMStat) -> UInt64 {
      kernel.total(a, of: group) &+ kernel.total(b, of: group)
    }
    row("pgscan", events(.pgscan_kswapd, .pgscan_direct))
    row("pgsteal", events(.pgsteal_kswapd, .pgsteal_direct))
    index = 0
    while let event = GroupStatistic.event(index) {
      row(event.name, kernel.total(event.item, of: group))
      index &+= 1
    }
    row("thp_fault_alloc", 0)
    row("thp_collapse_alloc", 0)
  }

  /// The same of the one node there is, for what nodes count.
  func numaStatistics(of group: KernelPointer<MemoryGroup>?, _ out: inout Writer) {
    var index = 0
    while let line = GroupStatistic.line(index) {
      index &+= 1
      guard line.isOfNode else { continue }
      out.text(line.name)
      out.text(" N0=")
      out.decimal(kernel.bytes(line, of: group))
      out.newline()
    }
  }
}
