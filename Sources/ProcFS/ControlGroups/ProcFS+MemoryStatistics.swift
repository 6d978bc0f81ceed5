import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// `memory.stat` and `memory.numa_stat` (memory_stat_format(), memory_numa_stat_show()).
extension ProcFS {
  func memoryStatistics(of group: KernelPointer<MemoryGroup>?, _ out: inout Writer) {
    kernel.forEachStatistic(of: group) { name, value in
      out.text(name)
      out.byte(0x20)
      out.decimal(value)
      out.newline()
    }
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
