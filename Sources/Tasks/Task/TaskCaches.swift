import Arm64
import KernelHeap
import MemoryTypes

/// Where the objects of this room come from, under Linux's names and with its sizes
/// (kernel/fork.c:proc_caches_init(), kernel/pid.c:pid_idr_init()).
struct TaskCaches<B: Processor>: BitwiseCopyable {
  var tasks: ObjectCache<Task<B>, B>
  var processes: ObjectCache<Process<B>, B>
  var handlers: ObjectCache<SignalHandlerTable, B>
  var folders: ObjectCache<FolderState, B>
  var numbers: ObjectCache<PID<B>, B>
  var users: ObjectCache<UserAccount, B>
  var signals: ObjectCache<QueuedSignal, B>
  var timers: ObjectCache<PosixTimer<B>, B>
  var taskFiles: ObjectCache<TaskFile<B>, B>
  var probeCalls: ObjectCache<ProbeCalls, B>

  init?(_ slab: KernelPointer<SlabAllocator<B>>) {
    guard
      let tasks = slab.pointee.makeCache(
        of: Task<B>.self, name: "task_struct", linuxSize: ByteCount(2752),
        options: [.cacheAligned, .account, .alone]),
      let processes = slab.pointee.makeCache(
        of: Process<B>.self, name: "signal_cache", linuxSize: ByteCount(960),
        options: [.cacheAligned, .account]),
      let handlers = slab.pointee.makeCache(
        of: SignalHandlerTable.self, name: "sighand_cache", linuxSize: ByteCount(2080),
        options: [.cacheAligned, .account, .typesafeByRCU]),
      let folders = slab.pointee.makeCache(
        of: FolderState.self, name: "fs_cache", linuxSize: ByteCount(64),
        options: [.cacheAligned, .account]),
      let numbers = slab.pointee.makeCache(
        of: PID<B>.self, name: "pid", linuxSize: ByteCount(120),
        options: [.cacheAligned, .account]),
      let signals = slab.pointee.makeCache(
        of: QueuedSignal.self, name: "sigqueue", linuxSize: ByteCount(80), options: [.account]),
      let timers = slab.pointee.makeCache(
        of: PosixTimer<B>.self, name: "posix_timers_cache", linuxSize: ByteCount(256),
        options: [.account]),
      let users = slab.pointee.makeCache(
        of: UserAccount.self, name: "uid_cache", linuxSize: ByteCount(128),
        options: [.cacheAligned])
    else { return nil }
    // kmalloc's in Linux.
    guard let taskFiles = slab.pointee.kmallocCache(of: TaskFile<B>.self, name: "task_file"),
      let probeCalls = slab.pointee.kmallocCache(of: ProbeCalls.self, name: "uprobe_task")
    else { return nil }
    self.probeCalls = probeCalls
    self.taskFiles = taskFiles
    self.tasks = tasks
    self.processes = processes
    self.handlers = handlers
    self.folders = folders
    self.numbers = numbers
    self.users = users
    self.signals = signals
    self.timers = timers
  }
}
