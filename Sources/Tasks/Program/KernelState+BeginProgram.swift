import AddressSpaces
import Arm64
import BoardFormat
import Files
import MemoryTypes

/// The point of no return of an exec, and what the kernel itself maps for a program.
extension KernelState {
  /// Gives up the old program for the new space (fs/exec.c:begin_new_exec()).
  func beginNewProgram(
    _ space: KernelPointer<AddressSpace<B>>, _ file: KernelPointer<OpenFile>, _ path: ByteString
  ) {
    let task = current
    // What mm_init() takes over of its predecessor's.
    if let old = task.pointee.memory.space {
      space.pointee.forbidsHugePages = old.pointee.forbidsHugePages
    }
    leaveSpace()
    task.pointee.memory.space = space
    load(space)
    finishVFork(task)
    if let table = task.pointee.files { files.pointee.closeOnExec(table) }
    task.pointee.handlers.pointee.actions.resetForExec()
    // Interval timers go on; those that were made, and their signals, do not.
    deleteTimers()
    flushTimerSignals()
    task.pointee.signalStack.pointer = 0
    task.pointee.signalStack.size = 0
    task.pointee.faultAddress = 0
    task.pointee.faultCode = 0
    task.pointee.robustList = 0
    task.pointee.sequence = RestartableSequence()
    task.pointee.clearOnExit = 0
    task.pointee.name = TaskName(path)
    let process = task.pointee.process
    releaseExecutable(of: process)
    process.pointee.executable = file
    process.pointee.exitSignal = .child
    process.pointee.hasExecuted = true
    let credentials = task.pointee.credentials
    task.pointee.capabilities.execute(
      isRoot: credentials.user == 0, isEffectivelyRoot: credentials.effectiveUser == 0)
    task.pointee.memory.isPrivileged = task.pointee.capabilities.isMemoryPrivileged
    space.pointee.isDumpable = credentials.actsAsItself
    // flush_thread(): a new program begins with all vector registers zero.
    task.pointee.vectors = VectorState()
    task.pointee.threadPointer = 0
    task.pointee.readOnlyThreadPointer = 0
    board.load(Task.vectorsPointer(task))
    board.threadPointer = 0
    board.readOnlyThreadPointer = 0
    if board.traced.contains(.tasks) { traceProgram(path) }
  }

  /// Maps `[vvar]` and `[vdso]` together, where an mmap would lie
  /// (arch/arm64/kernel/vdso.c:__setup_additional_pages()); where the vdso begins.
  func mapVDSO(
    into space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> VirtualAddress {
    let vdso = store.pointee.vdso
    let dataLength = vdso.dataPages.bytes(of: board.pageSize)
    let length = dataLength + vdso.codePages.bytes(of: board.pageSize)
    let start = try space.pointee.findRoom(length, hint: VirtualAddress(0))
    try space.pointee.mapSpecial(
      .vvar, frames: (vdso.data, vdso.dataPages), [.read, .mayRead, .frameNumbers], at: start)
    let code = start + dataLength
    try space.pointee.mapSpecial(
      .vdso, frames: (vdso.code, vdso.codePages),
      [.read, .execute, .mayRead, .mayWrite, .mayExecute], at: code)
    space.pointee.vdso = code
    return code
  }
}
