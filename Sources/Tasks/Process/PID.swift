public import MemoryTypes

/// A number that names a thread, a process, a process group, a session, or several of these
/// (`struct pid`).
///
/// A number is taken as long as it names anything: a process group keeps the number of the process
/// that founded it busy after that process has gone. The object lives as long as somebody holds a
/// reference, as a pidfd does; a number that names nothing any more may be given to a new object
/// meanwhile, so whoever holds the old one never mistakes a stranger for the process it meant.
///
///     number is in the table  ⇔  task ≠ nil ∨ process ≠ nil ∨ a group ∨ a session has it
///     references == 1 while it is in the table, + one for each outside holder
///
/// With several CPUs, `tasklist_lock` guards the links, an atomic counter is `references`.
@safe public struct PID<B: Processor>: ~Copyable {
  let resident = Resident()
  public let number: Int32
  var references: Int = 1
  /// The thread that has the number (PIDTYPE_PID); nil when it has been released.
  public internal(set) var task: KernelPointer<Task<B>>?
  /// The process whose leader began with it (PIDTYPE_TGID).
  public internal(set) var process: KernelPointer<Process<B>>?
  /// The process group and the session of this number: their members (PIDTYPE_PGID, PIDTYPE_SID).
  var group = LinkedList<Process<B>>()
  var session = LinkedList<Process<B>>()
  public var firstOfGroup: KernelPointer<Process<B>>? { group.first }

  init(number: Int32) { self.number = number }

  /// Whether it names nothing any more.
  var isUnused: Bool {
    task == nil && process == nil && group.first == nil && session.first == nil
  }
}
