import BoardFormat
import Files
import KernelAssembly
import MemoryTypes
import PageFrames
import ProcFS
import Tasks

/// The counters in the board file, as they begin; nil if the tool gave them no room.
func startStatistics(_ board: VirtBoard) -> KernelPointer<Statistics>? {
  let area = board.header.pointee.statistics
  guard area.start != 0, area.length >= UInt64(MemoryLayout<Statistics>.size) else { return nil }
  // SAFETY: the area is large enough, on a 64 KiB boundary, and only the kernel writes it.
  let place = unsafe board.pointer(to: PhysicalAddress(area.start)).bindMemory(
    to: Statistics.self, capacity: 1)
  unsafe place.initialize(to: Statistics())
  return unsafe KernelPointer(place)
}

/// Runs the program that the tool asked for, and says how it ended.
func run(_ kernel: KernelState<VirtBoard>) -> EndRecord {
  let board = kernel.board
  let area = unsafe UnsafeRawBufferPointer(board.bytes(of: board.header.pointee.program))
  let head = MemoryLayout<ProgramArguments>.size
  guard area.count >= head else { die("the board file names no program") }
  let arguments = unsafe area.load(as: ProgramArguments.self)
  let length = min(Int(truncatingIfNeeded: arguments.length), area.count &- head)
  let strings = unsafe UnsafeRawBufferPointer(rebasing: area[head..<head &+ length])
  let statistics = kernel.statistics
  do throws(Errno) {
    let streams = try kernel.files.pointee.makeStandardStreams()
    ProcFS(kernel).sendTexts(at: .before, of: kernel.initTask)
    statistics.pointee.managedFrames = kernel.frames.pointee.managed.rawValue
    statistics.pointee.freeBefore = kernel.frames.pointee.unused.rawValue
    let end = unsafe kernel.runFirstProgram(arguments, strings, files: streams)
    statistics.pointee.freeAfter = kernel.frames.pointee.unused.rawValue
    ProcFS(kernel).sendTexts(at: .after, of: kernel.initTask)
    return end
  } catch {
    return EndRecord(reason: .notStarted, status: UInt32(error.rawValue))
  }
}
