import AddressSpaces
import Arm64
import Files
import KernelLayout
public import MemoryTypes
import PageFrames

/// What clone was asked to share and do (include/uapi/linux/sched.h).
public struct CloneFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The signal that the parent gets when the child ends (CSIGNAL).
  @inlinable public static var signalMask: CloneFlags { CloneFlags(rawValue: 0xff) }
  @inlinable public static var memory: CloneFlags { CloneFlags(rawValue: 0x100) }
  @inlinable public static var folders: CloneFlags { CloneFlags(rawValue: 0x200) }
  @inlinable public static var files: CloneFlags { CloneFlags(rawValue: 0x400) }
  @inlinable public static var actions: CloneFlags { CloneFlags(rawValue: 0x800) }
  @inlinable public static var waitForChild: CloneFlags { CloneFlags(rawValue: 0x4000) }
  @inlinable public static var sameParent: CloneFlags { CloneFlags(rawValue: 0x8000) }
  @inlinable public static var thread: CloneFlags { CloneFlags(rawValue: 0x1_0000) }
  @inlinable public static var setThreadPointer: CloneFlags { CloneFlags(rawValue: 0x8_0000) }
  @inlinable public static var storeInParent: CloneFlags { CloneFlags(rawValue: 0x10_0000) }
  @inlinable public static var clearInChild: CloneFlags { CloneFlags(rawValue: 0x20_0000) }
  @inlinable public static var storeInChild: CloneFlags { CloneFlags(rawValue: 0x100_0000) }

  /// What this kernel can do: a copy, or the loan of vfork.
  static let supported: CloneFlags = [
    .signalMask, .memory, .waitForChild, .setThreadPointer, .storeInParent, .clearInChild,
    .storeInChild,
  ]
}

extension KernelState {
  /// Copies the current task (kernel/fork.c:kernel_clone()); the child's number.
  ///
  /// Memory is copied on write, or lent with CLONE_VFORK|CLONE_VM, when the parent sleeps until the
  /// child has a program of its own. Threads, which share memory and go on, answer ENOSYS.
  public func fork(
    _ flags: CloneFlags, stack: UInt64, parentID: VirtualAddress, childID: VirtualAddress,
    threadPointer: UInt64
  ) throws(Errno) -> Int32 {
    guard flags.isSubset(of: .supported),
      flags.contains(.memory) == flags.contains(.waitForChild) || !flags.contains(.memory)
    else { throw .ENOSYS }
    let parent = current
    guard let parentSpace = parent.pointee.memory.space else { throw .EINVAL }
    // RLIMIT_NPROC does not bind user 0; the machine's own limit does.
    guard UInt64(store.pointee.taskCount) < store.pointee.maximumThreads else { throw .EAGAIN }
    guard
      let child = Self.makeTask(
        pid: takePID(), name: parent.pointee.name, limits: parent.pointee.limits, board, layout,
        frames, store.pointee.tasks)
    else { throw .ENOMEM }
    if flags.contains(.memory) {
      parentSpace.pointee.retain()
      child.pointee.memory.space = parentSpace
    } else {
      guard let copy = parentSpace.pointee.copy() else {
        free(child)
        throw .ENOMEM
      }
      child.pointee.memory.space = copy
    }
    if let table = parent.pointee.files {
      do {
        child.pointee.files = try files.pointee.copy(table)
      } catch {
        discard(child)
        throw error
      }
    }
    copyState(from: parent, to: child)

    if stack != 0 { child.pointee.context.pointee.stackPointer = stack }
    if flags.contains(.setThreadPointer) { child.pointee.threadPointer = threadPointer }
    if flags.contains(.clearInChild) { child.pointee.clearOnExit = childID.rawValue }
    let pid = child.pointee.pid
    // Both stores are attempts, as in Linux (schedule_tail() ignores a fault).
    if flags.contains(.storeInParent) { try? parentSpace.pointee.copyOut(pid, to: parentID) }
    if flags.contains(.storeInChild), let space = child.pointee.memory.space {
      // The child itself does it when it first runs, so a fault of it is the child's.
      let running = memory.pointee.current
      memory.pointee.current = Task.memoryPointer(child)
      try? space.pointee.copyOut(pid, to: childID)
      memory.pointee.current = running
    }
    link(child)
    adopt(child, by: parent)
    store.pointee.forks &+= 1
    enqueue(child)
    if flags.contains(.waitForChild) {
      child.pointee.vforkParent = parent
      while isLending(to: child, parent) {
        block(on: WaitChannel(kind: .vfork, object: parent.address))
      }
    }
    return pid
  }

  /// Whether `parent` still waits for a child that it lent its memory to.
  ///
  /// The child stays a task until its parent, which sleeps here, reaps it.
  private func isLending(
    to child: KernelPointer<Task<B>>, _ parent: KernelPointer<Task<B>>
  ) -> Bool {
    child.pointee.vforkParent == parent
  }

  /// Lets a vfork parent go on: the child has left its memory.
  func finishVFork(_ child: KernelPointer<Task<B>>) {
    guard let parent = child.pointee.vforkParent else { return }
    child.pointee.vforkParent = nil
    wake(WaitChannel(kind: .vfork, object: parent.address))
  }

  /// Copies registers, signals and whatever else a child inherits.
  private func copyState(from parent: KernelPointer<Task<B>>, to child: KernelPointer<Task<B>>) {
    child.pointee.context.pointee = parent.pointee.context.pointee
    child.pointee.context.pointee.x[0] = 0
    board.save(Task.vectorsPointer(child))
    child.pointee.threadPointer = board.threadPointer
    child.pointee.switched.programCounter = board.returnToUser
    child.pointee.switched.stackPointer = UInt64(child.pointee.context.address)
    child.pointee.actions = parent.pointee.actions
    child.pointee.blocked = parent.pointee.blocked
    child.pointee.signalStack = parent.pointee.signalStack
    child.pointee.umask = parent.pointee.umask
    child.pointee.credentials = parent.pointee.credentials
    child.pointee.memory.isPrivileged = parent.pointee.memory.isPrivileged
    if let folder = parent.pointee.workingDirectory {
      files.pointee.retain(folder)
      child.pointee.workingDirectory = folder
    }
    if let program = parent.pointee.executable {
      files.pointee.retain(program)
      child.pointee.executable = program
    }
  }

  /// Frees a child that was never linked.
  private func discard(_ child: KernelPointer<Task<B>>) {
    if let space = child.pointee.memory.space { AddressSpace.release(space) }
    free(child)
  }
}
