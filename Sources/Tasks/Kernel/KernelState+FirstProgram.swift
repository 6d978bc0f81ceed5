import AddressSpaces
import Arm64
public import BoardFormat
public import Files
import KernelHeap
public import MemoryTypes
import PageFrames

/// The first program: what the machine was started for.
extension KernelState {
  /// Sets what is called when the first program has ended and still has all its memory.
  ///
  /// The texts of `--show` are made then. The function captures nothing.
  public func setBeforeTeardown(
    _ body: @escaping (KernelState<B>, KernelPointer<Task<B>>) -> Void
  ) {
    store.pointee.beforeTeardown = body
  }

  /// Runs a program to its end, and all that it leaves behind; how it ended.
  ///
  /// - Parameters:
  ///   - strings: the path, `argc` arguments, `envc` variables, each with its zero.
  ///   - table: its open files, standard input, output and error; the reference is handed over.
  public func runFirstProgram(
    _ header: ProgramArguments, _ strings: UnsafeRawBufferPointer,
    files table: KernelPointer<FileDescriptorTable>
  ) -> EndRecord {
    var pathLength = 0
    while pathLength < strings.count, unsafe strings[pathLength] != 0 { pathLength &+= 1 }
    guard pathLength < strings.count else { return notStarted(.EINVAL) }
    let path = unsafe ByteString(UnsafeRawBufferPointer(rebasing: strings.prefix(pathLength)))
    let limits = initTask.pointee.limits
    guard
      let task = Self.makeTask(
        pid: takePID(), name: TaskName(path), limits: limits, board, layout, frames,
        store.pointee.tasks)
    else { return notStarted(.ENOMEM) }
    files.pointee.retain(files.pointee.root)
    task.pointee.workingDirectory = files.pointee.root
    task.pointee.files = table
    link(task)
    adopt(task, by: initTask)

    // Exec works on the current task: for its length that is the new one, on this stack.
    store.pointee.current = task
    memory.pointee.current = Task.memoryPointer(task)
    var failure: Errno?
    do {
      try execute(
        path,
        unsafe .kernel(
          strings, arguments: Int(header.argc), environment: Int(header.envc)))
    } catch {
      switch error {
      case .refused(let code), .fatal(let code): failure = code
      }
    }
    if failure != nil {
      leaveSpace()
      if let table = task.pointee.files { files.pointee.release(table) }
      if let folder = task.pointee.workingDirectory { files.pointee.release(folder) }
      if let program = task.pointee.executable { files.pointee.release(program) }
    }
    store.pointee.current = initTask
    memory.pointee.current = Task.memoryPointer(initTask)
    board.deactivateUserHalf()
    if let failure {
      reap(task)
      return notStarted(failure)
    }

    task.pointee.switched.programCounter = board.returnToUser
    task.pointee.switched.stackPointer = UInt64(task.pointee.context.address)
    store.pointee.firstProgram = task
    let counts = board.instructions
    store.pointee.programStart = counts
    task.pointee.accountedAt = counts
    statistics.pointee.bootInstructions = counts.user &+ counts.kernel
    enqueue(task)
    reapUntilAllEnded(task)
    return store.pointee.end
  }

  private func notStarted(_ error: Errno) -> EndRecord {
    EndRecord(reason: .notStarted, status: UInt32(error.rawValue))
  }

  /// Process 1's work: takes the children that end; when the first program has, ends the rest.
  private func reapUntilAllEnded(_ first: KernelPointer<Task<B>>) {
    while initTask.pointee.firstChild != nil {
      if store.pointee.firstProgram == nil { killAll() }
      do {
        _ = try wait(.any, noHang: false)
      } catch { return }
    }
  }

  /// Ends every process but process 1.
  private func killAll() {
    var task = store.pointee.firstTask
    while let found = task {
      task = found.pointee.nextTask
      if found != initTask { send(.kill, to: found) }
    }
  }
}
