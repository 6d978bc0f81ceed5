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
    let task: KernelPointer<Task<B>>
    do {
      task = try makeFirstProcess(TaskName(path), table)
    } catch {
      files.pointee.release(table)
      return notStarted(error)
    }
    let process = task.pointee.process

    // Exec works on the current task: for its length that is the new one, on this stack.
    store.pointee.current = task
    memory.pointee.current = Task.memoryPointer(task)
    frames.pointee.groups.current = task.pointee.memory.group
    if board.traced.contains(.tasks) { traceSwitch() }
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
      releaseFiles()
      releaseExecutable(of: process)
    }
    store.pointee.current = initTask
    memory.pointee.current = Task.memoryPointer(initTask)
    frames.pointee.groups.current = nil
    unloadSpace()
    if let failure {
      release(task)
      return notStarted(failure)
    }

    task.pointee.switched.programCounter = board.startOfTask
    task.pointee.switched.stackPointer = contextAddress(task.pointee.kernelStack).rawValue
    store.pointee.firstProgram = process
    let counts = board.instructions
    store.pointee.programStart = counts
    task.pointee.accountedAt = counts
    statistics.pointee.bootInstructions = counts.user &+ counts.kernel
    enqueue(task)
    startTimeline()
    reapUntilAllEnded()
    endTimeline()
    endKernelTasks()
    return store.pointee.end
  }

  /// Process 1's child that becomes the first program: the leader of a group and a session, as what
  /// a log-in starts is (setsid()).
  private func makeFirstProcess(
    _ name: TaskName, _ table: KernelPointer<FileDescriptorTable>
  ) throws(Errno) -> KernelPointer<Task<B>> {
    guard let handlers = store.pointee.caches.handlers.allocate(SignalHandlerTable(SignalActions()))
    else { throw .ENOMEM }
    files.pointee.retain(files.pointee.root)
    let folders: KernelPointer<FolderState>
    do throws(Errno) {
      folders = try makeFolderState(files.pointee.root, umask: 0o022)
    } catch {
      release(handlers)
      throw error
    }
    let task: KernelPointer<Task<B>>
    do throws(Errno) {
      task = try makeProcess(
        name: name, limits: initProcess.pointee.limits, user: initTask.pointee.user,
        handlers: handlers)
    } catch {
      release(handlers)
      release(folders)
      throw error
    }
    task.pointee.folders = folders
    task.pointee.files = table
    link(task)
    inheritControlGroup(task, from: initTask)
    if let group = store.pointee.firstGroup { move(task, into: group) }
    let process = task.pointee.process
    adopt(process, by: initProcess)
    setGroup(of: process, to: task.pointee.number)
    setSession(of: process, to: task.pointee.number)
    process.pointee.isSessionLeader = true
    return task
  }

  private func notStarted(_ error: Errno) -> EndRecord {
    EndRecord(reason: .notStarted, status: UInt32(error.rawValue))
  }

  /// Process 1's work: takes the children that end; when the first program has, ends the rest.
  private func reapUntilAllEnded() {
    var isEnding = false
    while initProcess.pointee.children.first != nil {
      // Once: whoever is killed makes no new ones.
      if store.pointee.firstProgram == nil && !isEnding {
        killAll()
        isEnding = true
      }
      do {
        _ = try wait(.any, [.exited, .all])
      } catch { return }
    }
  }

  /// Ends every process but process 1.
  func killAll() {
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      if found != initProcess { send(.kill, to: found) }
    }
  }
}
