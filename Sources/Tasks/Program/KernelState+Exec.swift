// execve up to the file's format: see Documentation/Theory/Programs.md.

public import AddressSpaces
import Arm64
import BoardFormat
public import Files
import KernelLayout
import KernelLog
public import MemoryTypes
import PageFrames

/// How an exec failed: while the old program still stood, or when it was gone already.
enum ExecFailure: Error {
  case refused(Errno)
  case fatal(Errno)
}

extension KernelState {
  /// execve: replaces the current task's program, with strings of its own memory.
  ///
  /// An exec that fails when the old program is gone ends the task with SIGSEGV
  /// (fs/exec.c:bprm_execve()).
  public func execute(
    _ path: ByteString, arguments: VirtualAddress, environment: VirtualAddress,
    from space: KernelPointer<AddressSpace<B>>, at place: ProgramPlace? = nil
  ) throws(Errno) {
    // do_execveat_common(): not as a user that the caller should not have become.
    let task = current
    guard !task.pointee.exceedsTasks || !exceedsTasks(task) else { throw .EAGAIN }
    task.pointee.exceedsTasks = false
    do {
      try execute(
        path, unsafe .user(space, arguments: arguments, environment: environment), at: place)
    } catch {
      switch error {
      case .refused(let code): throw code
      case .fatal(let code):
        log { line in
          line.append(task.pointee.name)
          line.append(": cannot be run, error ")
          line.append(decimal: UInt64(code.rawValue))
        }
        // The caller still holds the path's bytes: the end comes on the way back to the program.
        force(.segmentationViolation)
        throw code
      }
    }
  }

  /// Replaces the current task's program (fs/exec.c:do_execveat_common()).
  ///
  /// On success the task's registers are those of the new program's first instruction. A refused
  /// exec leaves the task as it was; after a fatal one it has no program any more.
  func execute(
    _ path: ByteString, _ source: ArgumentSource<B>, at place: ProgramPlace? = nil
  ) throws(ExecFailure) {
    guard let space = AddressSpace.make(in: memory), let bounce = frames.pointee.allocate(.kernel)
    else { throw .refused(.ENOMEM) }
    defer { frames.pointee.free(bounce) }
    var isCurrent = false
    do {
      let strings = try pushStrings(path, source, space, bounce)
      try runFormat(kept(path, in: bounce), place, strings, space, &isCurrent)
    } catch {
      if isCurrent { throw .fatal(error) }
      AddressSpace.release(space)
      throw .refused(error)
    }
  }

  /// Counts and copies all strings to the top of the new space.
  private func pushStrings(
    _ path: ByteString, _ source: ArgumentSource<B>, _ space: KernelPointer<AddressSpace<B>>,
    _ bounce: PageFrameNumber
  ) throws(Errno) -> ArgumentStack<B> {
    let top = chosenStackTop(below: layout.user.stackTop, isCompat: false)
    try space.pointee.makeStack(top: top)
    var strings = unsafe ArgumentStack(
      space: space, top: top,
      bounce: board.pointer(to: frames.pointee.address(of: bounce)),
      bounceLength: Int(board.pageSize.bytes.rawValue))
    strings.argumentCount = try source.count(.arguments)
    strings.environmentCount = try source.count(.environment)
    try strings.setLimit(stackLimit: current.pointee.process.pointee.limits[.stack].soft)
    try strings.pushProgramName(path)
    try strings.push(.environment, of: source, count: strings.environmentCount)
    try strings.push(.arguments, of: source, count: strings.argumentCount)
    if strings.argumentCount == 0 { try strings.pushEmptyArgument() }
    return strings
  }

  /// Finds out what the file is, following `#!` lines, and runs it
  /// (fs/exec.c:exec_binprm(), search_binary_handler()).
  private func runFormat(
    _ path: ByteString, _ place: ProgramPlace?, _ strings: ArgumentStack<B>,
    _ space: KernelPointer<AddressSpace<B>>,
    _ isCurrent: inout Bool
  ) throws(Errno) {
    var strings = strings
    var file = try ProgramFile(self, path, at: place)
    var interpreterPath = InterpreterPath()
    var depth = 0
    do throws(Errno) {
      while let line = try scriptLine(of: file) {
        depth &+= 1
        guard depth <= 5 else { throw .ELOOP }
        if depth == 1, let place, place.isInaccessible { throw .ENOENT }
        // The script's path is what the last interpreter was called, or the program itself.
        let script = interpreterPath
        interpreterPath = unsafe InterpreterPath(UnsafeRawPointer(file.buffer), line.interpreter)
        try script.withBytes(otherwise: path) { (scriptPath) throws(Errno) in
          try interpreterPath.withBytes(otherwise: path) { (name) throws(Errno) in
            // SAFETY: the buffer holds the probed bytes until the next file is opened.
            let argument = line.argument.map { range in
              unsafe ByteString(
                UnsafeRawBufferPointer(
                  start: file.buffer + range.lowerBound, count: range.count))
            }
            try strings.replaceFirstArgument(
              interpreter: name, argument: argument, script: scriptPath)
          }
        }
        let next = try interpreterPath.withBytes(otherwise: path) { (name) throws(Errno) in
          try ProgramFile(self, name)
        }
        file.close()
        file = next
      }
      try runELF(&file, path, strings, space, &isCurrent)
      // A program that has no path but a descriptor has its file's name.
      if let place, place.path.isEmpty {
        current.pointee.name = TaskName(exactly: file.file.pointee.dentry.name)
      }
    } catch {
      // A program that has begun owns its open file; the buffer is always ours.
      if isCurrent { file.releaseBuffer() } else { file.close() }
      throw error
    }
  }

  /// Reads a file's first bytes; its first line, if it is a script.
  private func scriptLine(of file: ProgramFile<B>) throws(Errno) -> ScriptLine? {
    try file.probe()
    do throws(Errno) {
      return try file.withBytes(ELFHeader.probeLength) { (bytes) throws(Errno) in
        try ScriptLine(bytes)
      }
    } catch { return nil }
  }
}
