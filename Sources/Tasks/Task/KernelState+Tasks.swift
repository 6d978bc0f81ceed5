import AddressSpaces
import Arm64
import KernelHeap
import KernelLayout
public import MemoryTypes
import PageFrames

/// Tasks as objects: making and freeing them, their numbers and family.
extension KernelState {
  /// Makes a task that has nothing yet: no memory, no files, no family.
  ///
  /// Nil if there is no room.
  static func makeTask(
    pid: Int32, name: TaskName, limits: ResourceLimits, _ board: B, _ layout: KernelLayout,
    _ frames: KernelPointer<FrameAllocator<B>>, _ tasks: ObjectCache<Task<B>, B>
  ) -> KernelPointer<Task<B>>? {
    let order = Order(holding: layout.threadSize.pagesNeeded(of: board.pageSize))
    guard let stack = frames.pointee.allocate(order, .kernel) else { return nil }
    frames.pointee.frame(stack).pointee.state = .kernelStack
    frames.pointee.count(.nr_kernel_stack, by: Int(layout.threadSize.kibibytes))
    board.store(stackEnd, at: stack.address(board.pageSize))
    let context = contextPointer(board, stack, layout.threadSize)
    // SAFETY: a place for the moment until the task has its own address.
    let anywhere = unsafe KernelPointer(
      context.raw.assumingMemoryBound(to: ResourceLimits.self))
    let value = Task(
      pid: pid, name: name, memory: TaskMemory<B>(space: nil, limits: anywhere), limits: limits,
      context: context, kernelStack: stack, startTime: board.clock)
    guard let task = tasks.allocate(value) else {
      frames.pointee.count(.nr_kernel_stack, by: -Int(layout.threadSize.kibibytes))
      frames.pointee.free(stack, order)
      return nil
    }
    task.pointee.memory.limits = Task.limitsPointer(task)
    task.pointee.memory.isPrivileged = true
    return task
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
  static func contextPointer(
    _ board: B, _ stack: PageFrameNumber, _ threadSize: ByteCount
  ) -> KernelPointer<UserContext> {
    let length = (MemoryLayout<UserContext>.size &+ 15) & ~15
    let top = stack.address(board.pageSize) + threadSize - ByteCount(UInt64(length))
    // SAFETY: the place lies in the task's own stack, and is initialised here.
    let pointer = unsafe board.pointer(to: top).bindMemory(to: UserContext.self, capacity: 1)
    unsafe pointer.initialize(to: UserContext())
    return unsafe KernelPointer(pointer)
  }

  /// Frees what is left of a task that no one knows any more.
  func free(_ task: KernelPointer<Task<B>>) {
    let order = Order(holding: layout.threadSize.pagesNeeded(of: board.pageSize))
    let stack = task.pointee.kernelStack
    store.pointee.tasks.free(task)
    frames.pointee.count(.nr_kernel_stack, by: -Int(layout.threadSize.kibibytes))
    frames.pointee.free(stack, order)
  }

  /// Puts a task into the list of all.
  func link(_ task: KernelPointer<Task<B>>) {
    task.pointee.previousTask = store.pointee.lastTask
    if let last = store.pointee.lastTask {
      last.pointee.nextTask = task
    } else {
      store.pointee.firstTask = task
    }
    store.pointee.lastTask = task
    store.pointee.taskCount &+= 1
  }

  /// Takes a task out of the list of all.
  func unlink(_ task: KernelPointer<Task<B>>) {
    let next = task.pointee.nextTask
    let previous = task.pointee.previousTask
    if let previous { previous.pointee.nextTask = next } else { store.pointee.firstTask = next }
    if let next { next.pointee.previousTask = previous } else { store.pointee.lastTask = previous }
    store.pointee.taskCount &-= 1
  }

  /// Makes `task` the newest child of `parent`.
  func adopt(_ task: KernelPointer<Task<B>>, by parent: KernelPointer<Task<B>>) {
    task.pointee.parent = parent
    task.pointee.nextSibling = nil
    // Oldest first, so that wait4 finds the child that was made first.
    guard var last = parent.pointee.firstChild else {
      parent.pointee.firstChild = task
      return
    }
    while let next = last.pointee.nextSibling { last = next }
    last.pointee.nextSibling = task
  }

  /// Takes `task` out of its parent's children.
  func disown(_ task: KernelPointer<Task<B>>) {
    guard let parent = task.pointee.parent else { return }
    if parent.pointee.firstChild == task {
      parent.pointee.firstChild = task.pointee.nextSibling
    } else {
      var child = parent.pointee.firstChild
      while let current = child {
        if current.pointee.nextSibling == task {
          current.pointee.nextSibling = task.pointee.nextSibling
          break
        }
        child = current.pointee.nextSibling
      }
    }
    task.pointee.nextSibling = nil
    task.pointee.parent = nil
  }

  /// The task with a number, zombies among them.
  public func task(_ pid: Int32) -> KernelPointer<Task<B>>? {
    var task = store.pointee.firstTask
    while let found = task {
      if found.pointee.pid == pid { return found }
      task = found.pointee.nextTask
    }
    return nil
  }

  /// The next free process number (kernel/pid.c:alloc_pid(): cyclic, from 300 on again).
  func takePID() -> Int32 {
    while true {
      let pid = store.pointee.nextPID
      store.pointee.nextPID = pid >= 32767 ? 300 : pid &+ 1
      if task(pid) == nil { return pid }
    }
  }
}
