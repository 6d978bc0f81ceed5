import AddressSpaces
import Arm64
import Files
import KernelLog
import MemoryTypes
import PageFrames

/// What the out-of-memory rule asks of memory groups (mm/memcontrol.c). Group 0 is the root, which is
/// the whole machine.
extension KernelState {
  /// Whether a process is in a group or below it (mem_cgroup_scan_tasks()).
  func isMember(_ process: KernelPointer<Process<B>>, of group: UInt32) -> Bool {
    guard group != 0 else { return true }
    guard let root = frames.pointee.group(group), let own = charged(by: process) else {
      return false
    }
    return own.isWithin(root)
  }

  private func charged(
    by process: KernelPointer<Process<B>>
  ) -> KernelPointer<MemoryGroup>? {
    taskWithSpace(process)?.pointee.memory.group
  }

  /// The group that a process is in.
  func memoryGroup(of process: KernelPointer<Process<B>>) -> UInt32 {
    charged(by: process)?.pointee.number ?? 0
  }

  /// A group's path, as `/proc/PID/cgroup` names it (pr_cont_cgroup_path()).
  func appendPath(ofGroup group: UInt32, _ line: inout LogLine) {
    guard let memory = frames.pointee.group(group), let folder = controlGroup(owning: memory)
    else { return line.append("/") }
    var level = 1
    while level <= folder.pointee.level {
      var here = folder
      while here.pointee.level > level, let parent = here.pointee.parent { here = parent }
      line.append("/")
      for index in 0..<Int(here.pointee.name.count) {
        line.append(byte: here.pointee.name.bytes[index])
      }
      level &+= 1
    }
  }

  /// The outermost group below `limit`, or that itself, that a process is in and that dies as a whole
  /// (memory.oom.group); 0 for none (mem_cgroup_get_oom_group()).
  func groupToKill(with process: KernelPointer<Process<B>>, under limit: UInt32) -> UInt32 {
    let root = frames.pointee.group(limit)
    guard let own = charged(by: process), own.isWithin(root) else { return 0 }
    var found: UInt32 = 0
    var group: KernelPointer<MemoryGroup>? = own
    while let here = group {
      if here.pointee.killsTogether { found = here.pointee.number }
      if here == root { break }
      group = here.pointee.parent
    }
    return found
  }

  /// Counts a kill among the events of a process's group (MEMCG_OOM_KILL).
  func noteKill(of process: KernelPointer<Process<B>>) {
    if let own = charged(by: process) { note(.kill, of: own) }
  }

  /// Counts the end of a whole group (MEMCG_OOM_GROUP_KILL).
  func noteGroupKill(_ group: UInt32) {
    if let group = frames.pointee.group(group) { note(.groupKill, of: group) }
  }

  /// Logs what a group has and may have (mem_cgroup_print_oom_meminfo()).
  func reportMemory(ofGroup group: UInt32) {
    guard let group = frames.pointee.group(group) else { return }
    report("memory", group.pointee.memory)
    report("swap", group.pointee.swap)
    log(.information) { line in
      line.append("Memory cgroup stats for ")
      appendPath(ofGroup: group.pointee.number, &line)
      line.append(":")
    }
    // One record; who reads it gets as many lines of it as fit.
    log(.information) { line in
      var isFirst = true
      forEachStatistic(of: group) { name, value in
        if !isFirst { line.append("\n") }
        isFirst = false
        line.append(name)
        line.append(" ")
        line.append(decimal: value)
      }
    }
  }

  private func report(_ name: StaticString, _ counter: PageCounter) {
    let shift = board.pageSize.shift &- 10
    log(.information) { line in
      line.append(name)
      line.append(": usage ")
      line.append(decimal: UInt64(counter.usage) &<< shift)
      line.append("kB, limit ")
      // PAGE_COUNTER_MAX in kibibytes.
      let limit = min(UInt64(counter.maximum), UInt64(Int.max) &>> board.pageSize.shift)
      line.append(decimal: limit &<< shift)
      line.append("kB, failcnt ")
      line.append(decimal: UInt64(counter.failures))
    }
  }
}
