import Arm64
import KernelLog
import MemoryTypes

/// What the out-of-memory rule asks of memory groups (mm/memcontrol.c). Group 0 is the root, which is
/// the whole machine.
extension KernelState {
  /// Whether a process is in a group or below it (mem_cgroup_scan_tasks()).
  func isMember(_ process: KernelPointer<Process<B>>, of group: UInt32) -> Bool { group == 0 }

  /// The group that a process is in.
  func memoryGroup(of process: KernelPointer<Process<B>>) -> UInt32 { 0 }

  /// A group's path, as `/proc/PID/cgroup` names it (pr_cont_cgroup_path()).
  func appendPath(ofGroup group: UInt32, _ line: inout LogLine) { line.append("/") }

  /// The outermost group below `limit`, or that itself, that a process is in and that dies as a whole
  /// (memory.oom.group); 0 for none (mem_cgroup_get_oom_group()).
  func groupToKill(with process: KernelPointer<Process<B>>, under limit: UInt32) -> UInt32 { 0 }

  /// Counts a kill among the events of a process's group (MEMCG_OOM_KILL).
  func noteKill(of process: KernelPointer<Process<B>>) {}

  /// Counts the end of a whole group (MEMCG_OOM_GROUP_KILL).
  func noteGroupKill(_ group: UInt32) {}

  /// Logs what a group has and may have (mem_cgroup_print_oom_meminfo()).
  func reportMemory(ofGroup group: UInt32) {}
}
