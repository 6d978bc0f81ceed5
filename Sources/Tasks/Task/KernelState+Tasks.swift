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
