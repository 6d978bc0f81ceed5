import Arm64
import BoardFormat
import MemoryTypes
import PageFrames

/// Moving page-table entries (mm/mremap.c:move_page_tables()).
extension AddressSpace {
  /// Moves what is mapped from one place to another, and says how far it came.
  ///
  /// Where both ends lie alike in a last-level table and the whole of it moves, the table itself is
  /// hung over (`move_normal_pmd()`); else its entries are moved one by one.
  mutating func movePages(
    _ source: Area, _ old: VirtualAddress, _ target: Area, _ new: VirtualAddress,
    _ length: ByteCount
  ) -> ByteCount {
    guard length.rawValue != 0 else { return length }
    let span = board.translation.coverage(at: 2)
    let end = old + length
    var from = old
    var to = new
    let tables = tables
    var moved = false
    while from < end {
      // As far as both tables, and the range, go.
      let room = min(
        min(boundary(above: from, span), end) - from, boundary(above: to, span) - to)
      if room == span, moveTable(from, to) {
        moved = true
      } else if let run = tables.run(at: from, end: from + room), run.count > 0 {
        guard
          let into = tables.runAllocating(
            at: to, end: to + room, allocate: { level in allocateTable(level) })
        else { break }
        for index in 0..<run.count {
          let descriptor = run[index]
          guard !descriptor.isNone else { continue }
          run[index] = .none
          into[index] = descriptor
          moved = true
        }
      }
      from += room
      to += room
    }
    if moved {
      traceEntries(.moved, old, (from - old).rawValue &>> pageSize.shift, new.rawValue)
      invalidate(old, end, tables: true)
    }
    return from - old
  }

  @inline(__always) func boundary(above address: VirtualAddress, _ span: ByteCount)
    -> VirtualAddress
  {
    address.alignedDown(to: span) + span
  }

  /// Hangs a whole last-level table from one place to another that has none.
  mutating func moveTable(_ from: VirtualAddress, _ to: VirtualAddress) -> Bool {
    let tables = tables
    guard let source = tables.entry(for: from, at: 2), source.pointee.isTable,
      tables.entry(for: to, at: 3) == nil
    else { return false }
    // The slot is found by making a table under it, which then gives way.
    guard
      tables.entryAllocating(for: to, allocate: { level in allocateTable(level) }) != nil,
      let target = tables.entry(for: to, at: 2)
    else { return false }
    let spare = target.pointee
    target.pointee = source.pointee
    source.pointee = .none
    tableBytes -= pageSize.bytes
    countTable(spare.frame(in: board.translation), by: -1)
    context.pointee.gather.hasTables = true
    gather(spare.frame(in: board.translation), to, to + pageSize.bytes)
    flushGather(to, to + pageSize.bytes)
    return true
  }
}
