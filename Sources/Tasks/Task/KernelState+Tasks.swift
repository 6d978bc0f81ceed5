import AddressSpaces
import Arm64
import Files
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames

/// Tasks and processes as objects: making and freeing them.
extension KernelState {
  /// Makes a process of one thread that has nothing yet: no memory, no files, no family.
  ///
  /// Nothing knows it until it is linked; ``free(_:)`` takes it back.
  func makeProcess(
    name: TaskName, limits: ResourceLimits, user: KernelPointer<UserAccount>,
    handlers: KernelPointer<SignalHandlerTable>, number: Int32 = 0
  ) throws(Errno) -> KernelPointer<Task<B>> {
    let start = board.clock
    // SAFETY: a place for the moment, never read, until the leader has its own address.
    let nobody = unsafe KernelPointer(store.raw.assumingMemoryBound(to: Task<B>.self))
    let value = Process<B>(id: 0, leader: nobody, limits: limits, startTime: start)
    guard let process = store.pointee.caches.processes.allocate(value) else { throw .ENOMEM }
    process.pointee.timers.real.object = process.address
    process.pointee.timers.cpu.object = process.address
    do throws(Errno) {
      let task = try makeThread(
        of: process, name: name, user: user, handlers: handlers, number: number, start)
      process.pointee.leader = task
      return task
    } catch {
      store.pointee.caches.processes.free(process)
      throw error
    }
  }

  /// Makes a thread that has nothing yet but counts with its user; takes over a reference of the
  /// handlers if it succeeds.
  func makeThread(
    of process: KernelPointer<Process<B>>, name: TaskName, user: KernelPointer<UserAccount>,
    handlers: KernelPointer<SignalHandlerTable>, number wanted: Int32, _ start: MachineTime
  ) throws(Errno) -> KernelPointer<Task<B>> {
    guard let stack = takeStack() else { throw .ENOMEM }
    do throws(Errno) {
      let number = try takeNumber(wanted: wanted)
      if process.pointee.id == 0 { process.pointee.id = number.pointee.number }
      let value = Task(
        number: number, process: process, name: name, handlers: handlers, user: user,
        context: contextPointer(stack), kernelStack: stack, startTime: start)
      guard let task = store.pointee.caches.tasks.allocate(value) else {
        dropIfUnused(number)
        throw .ENOMEM
      }
      process.pointee.references &+= 1
      user.pointee.tasks &+= 1
      task.pointee.memory.isPrivileged = true
      task.pointee.waiter.task = task
      task.pointee.deadline.object = task.address
      task.pointee.memory.process = process.pointee.id
      return task
    } catch {
      giveStack(stack)
      throw error
    }
  }

  /// A kernel stack (kernel/fork.c:alloc_thread_stack_node()); nil if there is no room.
  private func takeStack() -> PageFrameNumber? {
    guard let stack = frames.pointee.allocate(stackOrder, .kernel) else { return nil }
    frames.pointee.frame(stack).pointee.state = .kernelStack
    frames.pointee.count(.nr_kernel_stack, by: Int(layout.threadSize.kibibytes))
    board.store(Self.stackEnd, at: stack.address(board.pageSize))
    return stack
  }

  private func giveStack(_ stack: PageFrameNumber) {
    frames.pointee.count(.nr_kernel_stack, by: -Int(layout.threadSize.kibibytes))
    frames.pointee.free(stack, stackOrder)
  }

  private var stackOrder: Order {
    Order(holding: layout.threadSize.pagesNeeded(of: board.pageSize))
  }

  /// What the lowest word of a kernel stack holds (STACK_END_MAGIC): whoever finds it changed has
  /// come too late, but knows why.
  private static var stackEnd: UInt64 { 0x57AC_6E9D }

  /// Ends the machine if a task has used more kernel stack than there is
  /// (kernel/sched/core.c:schedule_debug()).
  func checkStack(of task: KernelPointer<Task<B>>) {
    let end = task.pointee.kernelStack.address(board.pageSize)
    guard board.load(UInt64.self, at: end) == Self.stackEnd else {
      board.panic("a task's kernel stack has overflowed")
    }
  }

  /// The registers of the program: the highest bytes of the kernel stack.
  private func contextPointer(_ stack: PageFrameNumber) -> KernelPointer<UserContext> {
    let length = (MemoryLayout<UserContext>.size &+ 15) & ~15
    let top = stack.address(board.pageSize) + layout.threadSize - ByteCount(UInt64(length))
    // SAFETY: the place lies in the task's own stack, and is initialised here.
    let pointer = unsafe board.pointer(to: top).bindMemory(to: UserContext.self, capacity: 1)
    unsafe pointer.initialize(to: UserContext())
    return unsafe KernelPointer(pointer)
  }

  /// Frees what is left of a task that no one knows any more, and with a process's last task the
  /// process (put_task_struct(), put_signal_struct()).
  func free(_ task: KernelPointer<Task<B>>) {
    let stack = task.pointee.kernelStack
    let process = task.pointee.process
    release(task.pointee.handlers)
    dropProbeCalls(of: task)
    leave(task.pointee.user)
    store.pointee.caches.tasks.free(task)
    giveStack(stack)
    process.pointee.references &-= 1
    if process.pointee.references == 0 { store.pointee.caches.processes.free(process) }
  }

  /// Frees a task that was never linked, and the number that was taken for it.
  func discard(_ task: KernelPointer<Task<B>>) {
    if let space = task.pointee.memory.space { AddressSpace.release(space) }
    if let table = task.pointee.files { files.pointee.release(table) }
    if let folders = task.pointee.folders { release(folders) }
    leaveUndoList(of: task)
    dropIfUnused(task.pointee.number)
    free(task)
  }
}
