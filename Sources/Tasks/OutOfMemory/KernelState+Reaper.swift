import AddressSpaces
import Arm64
import KernelLog
import MemoryTypes

/// Taking a victim's memory without waiting for it to die (oom_reap_task()).
///
/// Linux has a task for that, which must wait for the space's lock. Nothing suspends here while it
/// changes a space, so the moment itself does it, whoever runs then.
extension KernelState {
  /// OOM_REAPER_DELAY: what a victim has to end by itself.
  private static var reaperDelay: UInt64 { 2_000_000_000 }

  /// queue_oom_reaper(): once for each memory.
  func queueReaper(
    _ process: KernelPointer<Process<B>>, _ space: KernelPointer<AddressSpace<B>>
  ) {
    guard !space.pointee.isReaperQueued else { return }
    space.pointee.isReaperQueued = true
    let delay = Self.reaperDelay / 1_000_000 &* board.clock.frequency / 1000
    let reaper = Process.reaperPointer(process)
    reaper.pointee.object = process.address
    addDeadline(reaper, at: board.clock.ticks &+ delay)
  }

  /// The two seconds are over (oom_reap_task_mm()).
  func reap(_ process: KernelPointer<Process<B>>) {
    guard let task = taskWithSpace(process), let space = task.pointee.memory.space,
      space.pointee.outOfMemory == .victim
    else { return }
    space.pointee.reapPrivatePages()
    space.pointee.outOfMemory = .reaped
    log(.information) { line in
      line.append("oom_reaper: reaped process ")
      line.append(signed: Int64(task.pointee.pid))
      line.append(" (")
      line.append(task.pointee.name)
      line.append("), now anon-rss:")
      line.append(decimal: kibibytes(space.pointee.residentPages(.anonymous)))
      line.append("kB, file-rss:")
      line.append(decimal: kibibytes(space.pointee.residentPages(.file)))
      line.append("kB, shmem-rss:")
      line.append(decimal: kibibytes(space.pointee.residentPages(.shared)))
      line.append("kB")
    }
  }
}
