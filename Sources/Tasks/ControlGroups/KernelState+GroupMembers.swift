import AddressSpaces
import Arm64
import Files
public import MemoryTypes
import PageFrames

/// Who is in which control group (cgroup_attach_task(), cgroup_fork(), cgroup_exit()).
extension KernelState {
  /// Lets a task charge what its group says, and with it the memory that it makes.
  private func settle(_ task: KernelPointer<Task<B>>) {
    task.pointee.memory.group = controlGroup(of: task)?.chargedMemory
    if task == current { frames.pointee.groups.current = task.pointee.memory.group }
  }

  /// A new task is where the one is that made it.
  func inheritControlGroup(_ child: KernelPointer<Task<B>>, from parent: KernelPointer<Task<B>>) {
    child.pointee.controlGroup = parent.pointee.controlGroup
    child.pointee.memory.group = parent.pointee.memory.group
    controlGroup(of: child)?.changeTasks(by: 1)
  }

  /// A task that ends is nowhere any more; what it still frees was charged before.
  func leaveControlGroup(_ task: KernelPointer<Task<B>>) {
    if let group = controlGroup(of: task) {
      group.changeTasks(by: -1)
      wakeWatchers()
    }
    task.pointee.controlGroup = nil
    task.pointee.memory.group = nil
    task.pointee.memory.pagesOverHigh = 0
    if task == current {
      frames.pointee.groups.current = nil
      frames.pointee.groups.pagesOverHigh = 0
    }
  }

  /// Another task gets the CPU: from now on its group is charged.
  @inline(__always)
  func switchGroups(_ previous: KernelPointer<Task<B>>, _ next: KernelPointer<Task<B>>) {
    if frames.pointee.groups.count != 0 { switchChargedGroups(previous, next) }
  }

  @inline(never)
  private func switchChargedGroups(
    _ previous: KernelPointer<Task<B>>, _ next: KernelPointer<Task<B>>
  ) {
    previous.pointee.memory.pagesOverHigh = frames.pointee.groups.pagesOverHigh
    frames.pointee.groups.pagesOverHigh = next.pointee.memory.pagesOverHigh
    frames.pointee.groups.current = next.pointee.memory.group
  }

  /// Moves a process with all its threads (`cgroup.procs`); what it has stays charged where it is.
  ///
  /// 0 is the caller's own. ESRCH for none; EBUSY for a group that shares memory out to children
  /// (`cgroup_migrate_vet_dst()`).
  ///
  /// The others run first: Linux's writer waits for all who have begun to fork or to exit
  /// (`cgroup_attach_lock()`, a grace period), so a child that was just made has touched its first
  /// pages on account of the old group.
  public func move(_ number: Int32, to group: KernelPointer<ControlGroup>) throws(Errno) {
    let (slot, serial) = (group.pointee.slot, group.pointee.serial)
    yield()
    // The folder may have been removed meanwhile.
    guard controlGroup(slot: slot, serial: serial) == group else { throw .ENODEV }
    guard let task = number == 0 ? current : task(number) else { throw .ESRCH }
    let process = task.pointee.process
    try checkMove(of: process, to: group)
    guard group.pointee.parent == nil || !group.pointee.sharesMemory else { throw .EBUSY }
    forEachThread(of: process) { thread in
      guard thread.pointee.state != .zombie, controlGroup(of: thread) != group else { return }
      move(thread, into: group)
    }
  }

  func move(_ task: KernelPointer<Task<B>>, into group: KernelPointer<ControlGroup>) {
    let stalls = task.pointee.memory.isStalling
    if stalls { changeStalls(from: controlGroup(of: task), by: -1) }
    controlGroup(of: task)?.changeTasks(by: -1)
    task.pointee.controlGroup = group.pointee.parent == nil ? nil : group
    group.changeTasks(by: 1)
    settle(task)
    if stalls { changeStalls(from: group, by: 1) }
    wakeWatchers()
  }

  /// Lets those look again who wait for what files of groups say (cgroup_file_notify()).
  func wakeWatchers() { wake(WaitChannel(kind: .pipe, object: 0)) }

  /// Says where the first program is to start.
  public func setFirstGroup(_ group: KernelPointer<ControlGroup>?) {
    store.pointee.firstGroup = group
  }

  /// `cgroup.threads`: a thread may only stay within its process's group, as memory is not shared
  /// out to threads.
  public func moveThread(_ number: Int32, to group: KernelPointer<ControlGroup>) throws(Errno) {
    guard let task = number == 0 ? current : task(number) else { throw .ESRCH }
    guard controlGroup(of: task) == group else { throw .EOPNOTSUPP }
  }

  /// Whether a task may begin in a group (cgroup_css_set_fork()): as if it were moved there, and
  /// threads stay where their process is.
  func checkBirth(
    in group: KernelPointer<ControlGroup>, isThread: Bool
  ) throws(Errno) {
    try checkMove(of: current.pointee.process, to: group)
    if isThread {
      guard controlGroup(of: current) == group else { throw .EOPNOTSUPP }
    }
    guard group.pointee.parent == nil || !group.pointee.sharesMemory else { throw .EBUSY }
  }

  /// Who moves a process must be allowed to write `cgroup.procs` of the group and of the nearest one
  /// above that and the process's own (cgroup_procs_write_permission()).
  private func checkMove(
    of process: KernelPointer<Process<B>>, to group: KernelPointer<ControlGroup>
  ) throws(Errno) {
    guard current.pointee.credentials.fileUser != 0 else { return }
    guard mayWrite(group), let from = controlGroup(of: process.pointee.leader) else {
      throw .EACCES
    }
    var above: KernelPointer<ControlGroup>? = from
    while let here = above, !group.isWithin(here) { above = here.pointee.parent }
    guard let above, mayWrite(above) else { throw .EACCES }
  }

  /// Whether the caller may write a group's `cgroup.procs` (inode_permission()).
  private func mayWrite(_ group: KernelPointer<ControlGroup>) -> Bool {
    let row = group.attributes(of: ControlAttributes.processes, standard: 0o644)
    if current.pointee.credentials.fileUser == row.owner { return row.permissions & 0o200 != 0 }
    let isMember = current.pointee.credentials.isMember(of: row.group)
    return row.permissions & (isMember ? 0o020 : 0o002) != 0
  }

  /// Calls a function with each process that has a thread in a group, by number, from one on;
  /// stops where it answers false.
  public func nextMember(
    of group: KernelPointer<ControlGroup>, from first: Int32, threads: Bool
  ) -> Int32? {
    var least: Int32?
    forEachTask { thread in
      guard thread.pointee.state != .zombie, controlGroup(of: thread) == group else { return }
      let number = threads ? thread.pointee.pid : thread.pointee.threadGroup
      if number >= first, number < least ?? .max { least = number }
    }
    return least
  }

  /// `cgroup.kill`: everybody in the group and below it (__cgroup_kill()).
  public func killMembers(of group: KernelPointer<ControlGroup>) {
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard found != initProcess else { continue }
      var isMember = false
      forEachThread(of: found) { thread in
        guard thread.pointee.state != .zombie else { return }
        if controlGroup(of: thread)?.isWithin(group) ?? false { isMember = true }
      }
      if isMember { send(.kill, to: found) }
    }
  }

  /// Lets a group's children have memory groups, or no longer (`cgroup.subtree_control`).
  ///
  /// ENOENT where the group has no memory to share out; EBUSY where it has tasks of its own, or, to
  /// end it, where a child shares memory out further.
  public func setSharesMemory(
    _ shares: Bool, _ group: KernelPointer<ControlGroup>
  ) throws(Errno) {
    guard shares != group.pointee.sharesMemory else { return }
    if shares {
      guard group.hasMemory else { throw .ENOENT }
      guard group.pointee.parent == nil || group.pointee.tasks == 0 else { throw .EBUSY }
      var child = group.pointee.firstChild
      while let here = child {
        if here.pointee.memory == nil { try giveMemory(to: here) }
        child = here.pointee.next
      }
      group.pointee.sharesMemory = true
    } else {
      var child = group.pointee.firstChild
      while let here = child {
        guard !here.pointee.sharesMemory else { throw .EBUSY }
        child = here.pointee.next
      }
      group.pointee.sharesMemory = false
      child = group.pointee.firstChild
      while let here = child {
        takeMemory(from: here)
        child = here.pointee.next
      }
    }
    forEachTask { thread in
      if thread.pointee.state != .zombie { settle(thread) }
    }
  }
}
