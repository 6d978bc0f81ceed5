import Arm64
import Files
import KernelHeap
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/slabinfo` (mm/slab_common.c: cache_show()).
  func slabinfo(_ out: inout Writer) {
    var position: UInt64 = 0
    while slabinfo(at: &position, &out) {}
  }

  /// The two lines of the head, and then a line a cache.
  func slabinfo(at position: inout UInt64, _ out: inout Writer) -> Bool {
    guard let cache = kernel.slab.pointee.figures(at: Int(position)) else { return false }
    if position == 0 { slabinfoHead(&out) }
    write(cache, &out)
    position &+= 1
    return true
  }

  private func slabinfoHead(_ out: inout Writer) {
    out.text("slabinfo - version: 2.1\n")
    out.text("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>")
    out.text(" : tunables <limit> <batchcount> <sharedfactor>")
    out.text(" : slabdata <active_slabs> <num_slabs> <sharedavail>\n")
  }

  private func write(_ cache: SlabFigures, _ out: inout Writer) {
    let mark = out.count
    unsafe out.bytes(ByteString(cache.name.bytes))
    out.pad(to: 17, since: mark)
    column(cache.activeObjects, 6, &out)
    column(cache.objects, 6, &out)
    column(Int(cache.size.rawValue), 6, &out)
    column(cache.objectsPerSlab, 4, &out)
    column(cache.pagesPerSlab, 4, &out)
    out.text(" : tunables    0    0    0 : slabdata")
    column(cache.slabs, 6, &out)
    column(cache.slabs, 6, &out)
    column(0, 6, &out)
    out.newline()
  }

  private func column(_ value: Int, _ width: Int, _ out: inout Writer) {
    out.byte(0x20)
    out.decimal(value, width: width)
  }
}
