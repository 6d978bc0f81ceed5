import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

extension ProcFS {
  /// Writes one record of a file and moves the position to the next; false behind the last.
  func writeRecord(
    of node: ProceduralNode, at position: inout UInt64, _ out: inout Writer
  ) throws(Errno) -> Bool {
    guard let file = ProcNode(node) else { throw .ENOENT }
    switch file.kind {
    case .maps, .smaps: return try areaRecord(file, &position, &out)
    case .vmstat: return vmstat(at: &position, &out)
    case .slabinfo: return slabinfo(at: &position, &out)
    case .kallsyms: return kernelSymbols(at: &position, &out)
    case .controlFile: return try controlRecord(file, &position, &out)
    default: break
    }
    guard position == 0 else { return false }
    position = 1
    try write(file, &out)
    return true
  }

  /// The area at or above an address; the position becomes the start of the one above it, or of
  /// nothing (fs/proc/task_mmu.c: m_next()).
  private func areaRecord(
    _ file: ProcNode, _ position: inout UInt64, _ out: inout Writer
  ) throws(Errno) -> Bool {
    guard let task = task(file) else { throw .ESRCH }
    guard position != .max, let space = task.pointee.memory.space,
      let area = space.pointee.area(endingAbove: VirtualAddress(position))
    else { return false }
    if file.kind == .maps { mapsLine(area, space, &out) } else { smapsEntry(area, space, &out) }
    position = area.pointee.next?.pointee.start.rawValue ?? .max
    return true
  }
}
