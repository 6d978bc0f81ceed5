// From execve to a program's first instruction: see Documentation/Theory/Programs.md.

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

  /// Runs an ELF file in the new space (fs/binfmt_elf.c:load_elf_binary()).
  private func runELF(
    _ file: inout ProgramFile<B>, _ path: ByteString, _ strings: ArgumentStack<B>,
    _ space: KernelPointer<AddressSpace<B>>, _ isCurrent: inout Bool
  ) throws(Errno) {
    let header = try file.withBytes(ELFHeader.probeLength) { (bytes) throws(Errno) in
      try ELFHeader(bytes)
    }
    // Without AArch32 at EL0 nobody takes such a file (compat_elf_check_arch()).
    guard !header.isCompat || runsCompat else { throw .ENOEXEC }
    guard try file.readTable(header) else { throw .ENOEXEC }
    let prepared = try prepare(file, header)
    defer { if let interpreter = prepared.interpreter { interpreter.close() } }

    // The point of no return (fs/exec.c:begin_new_exec()): from here on a failure is fatal.
    try endOtherThreadsForExec()
    try unshareFiles()
    try unshareHandlers()
    beginNewProgram(space, file.file, path)
    isCurrent = true
    let task = current
    var strings = strings
    let isCompat = header.isCompat
    let user = isCompat ? layout.compatUser : layout.user
    strings.moveDown(
      by: try space.pointee.adopt(
        user, stackTop: isCompat ? chosenStackTop(below: user.stackTop, isCompat: true) : nil))
    space.pointee.setUpLayout(
      stackLimit: ByteCount(task.pointee.process.pointee.limits[.stack].soft),
      legacy: memory.pointee.settings.legacyLayout
        || task.pointee.memory.personality.contains(.compatLayout),
      stackShift: stackRandomBytes(isCompat: isCompat),
      offset: mappingOffset(isCompat: isCompat))
    task.pointee.memory.personality.remove(.readImpliesExecute)
    try space.pointee.finishStack(executable: prepared.hasExecutableStack)

    let image = try map(
      file, header, hasInterpreter: prepared.interpreter != nil, into: space)
    var entry = image.entry
    var interpreterBase: UInt64 = 0
    if let interpreter = prepared.interpreter, let header = prepared.interpreterHeader {
      let loaded = try mapInterpreter(interpreter, header, into: space)
      interpreterBase = loaded.bias
      entry = loaded.entry
    }
    let vdso =
      header.isCompat ? try mapCompatPages(into: space) : try mapVDSO(into: space)
    let stack = try InitialStack(
      strings,
      .init(
        header: header, tableAddress: image.layout.tableAddress &+ image.bias,
        entry: image.entry, interpreterBase: interpreterBase, vdso: vdso),
      self, task.pointee.credentials)

    let elf = image.layout
    space.pointee.startCode = VirtualAddress(elf.startCode &+ image.bias)
    space.pointee.endCode = VirtualAddress(elf.endCode &+ image.bias)
    space.pointee.startData = VirtualAddress(elf.startData &+ image.bias)
    space.pointee.endData = VirtualAddress(elf.endData &+ image.bias)
    space.pointee.startStack = stack.stackPointer
    space.pointee.argumentsStart = stack.argumentsStart
    space.pointee.argumentsEnd = stack.argumentsEnd
    space.pointee.environmentStart = stack.argumentsEnd
    space.pointee.environmentEnd = stack.environmentEnd
    space.pointee.auxiliaryVector = stack.vector
    space.pointee.auxiliaryLength = stack.vectorLength
    // A static PIE lies in the mmap area, where a break would have no room to grow: it gets the
    // place of a dynamic PIE's image.
    let isBehindProgram = header.kind != .shared || prepared.interpreter != nil
    let breakStart =
      isBehindProgram ? VirtualAddress(elf.end &+ image.bias) : space.pointee.user.elfDynamicBase
    let lowestBreak = breakStart.alignedUp(to: board.pageSize)
    space.pointee.startBreak = chosenBreak(
      lowestBreak, isBehindProgram: isBehindProgram, isCompat: isCompat)
    space.pointee.programBreak = space.pointee.startBreak

    space.pointee.traceAreas()
    var registers = UserContext()
    if header.isCompat {
      registers = UserContext(entry: entry, stack32: stack.stackPointer.rawValue)
    } else {
      // Speculative store bypass is safe, as Linux begins programs on cores that are not affected
      // (PSR_SSBS_BIT, spectre_v4_enable_task_mitigation()).
      registers.processorState = 1 &<< 12
      registers.programCounter = entry
      registers.stackPointer = stack.stackPointer.rawValue
    }
    task.pointee.context.pointee = registers
    file.releaseBuffer()
  }

  /// What is read of a program before its predecessor is given up.
  private struct Prepared {
    var interpreter: ProgramFile<B>?
    var interpreterHeader: ELFHeader?
    var hasExecutableStack: Bool
  }

  /// Reads what the program headers point at: the interpreter, the stack's kind, properties.
  private func prepare(
    _ file: ProgramFile<B>, _ header: ELFHeader
  ) throws(Errno) -> Prepared {
    // EXSTACK_DEFAULT: without PT_GNU_STACK, arm64 gives the stack no execution
    // (VM_DATA_DEFAULT_FLAGS; READ_IMPLIES_EXEC is for 32-bit programs).
    var prepared = Prepared(hasExecutableStack: false)
    var properties: ProgramHeader?
    do throws(Errno) {
      for index in 0..<Int(header.entryCount) {
        let entry = try file.programHeader(index)
        if entry.type == .gnuProperty { properties = entry }
        if entry.type == .interpreter && prepared.interpreter == nil {
          prepared.interpreter = try openInterpreter(entry, file)
          break
        }
      }
      for index in 0..<Int(header.entryCount) {
        let entry = try file.programHeader(index)
        if entry.type == .gnuStack { prepared.hasExecutableStack = entry.flags.contains(.execute) }
      }
      if var interpreter = prepared.interpreter {
        let (interpreterHeader, found) = try readInterpreter(&interpreter)
        prepared.interpreter = interpreter
        prepared.interpreterHeader = interpreterHeader
        // A loader of the other kind is none (elf_check_arch() of the format that is at it).
        guard interpreterHeader.isCompat == header.isCompat else { throw .ELIBBAD }
        if let found, !header.isCompat { try check(found, interpreter) }
      } else if let properties, !header.isCompat {
        try check(properties, file)
      }
    } catch {
      prepared.interpreter?.close()
      throw error
    }
    return prepared
  }

  /// Opens the file that PT_INTERP names.
  private func openInterpreter(
    _ entry: ProgramHeader, _ file: ProgramFile<B>
  ) throws(Errno) -> ProgramFile<B> {
    guard entry.fileSize >= 2, entry.fileSize <= 4096 else { throw .ENOEXEC }
    let count = Int(entry.fileSize)
    guard let frame = frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    defer { frames.pointee.free(frame) }
    let buffer = unsafe board.pointer(to: frames.pointee.address(of: frame))
    guard entry.offset &>> 63 == 0 else { throw .EINVAL }
    guard try unsafe file.read(at: entry.offset, to: buffer, count) == count else { throw .EIO }
    guard unsafe buffer.load(fromByteOffset: count &- 1, as: UInt8.self) == 0 else {
      throw .ENOEXEC
    }
    var length = 0
    while unsafe buffer.load(fromByteOffset: length, as: UInt8.self) != 0 { length &+= 1 }
    return try ProgramFile(
      self, unsafe ByteString(UnsafeRawBufferPointer(start: buffer, count: length)))
  }

  /// Reads the interpreter's headers; its ELF header and its property note.
  private func readInterpreter(
    _ file: inout ProgramFile<B>
  ) throws(Errno) -> (ELFHeader, ProgramHeader?) {
    guard
      try unsafe file.read(at: 0, to: file.buffer, ELFHeader.length) == ELFHeader.length
    else { throw .EIO }
    let header: ELFHeader
    do {
      header = try file.withBytes(ELFHeader.length) { (bytes) throws(Errno) in
        try ELFHeader(bytes)
      }
    } catch { throw .ELIBBAD }
    guard try file.readTable(header) else { throw .ELIBBAD }
    var properties: ProgramHeader?
    for index in 0..<Int(header.entryCount) {
      let entry = try file.programHeader(index)
      if entry.type == .gnuProperty { properties = entry }
    }
    return (header, properties)
  }

  /// Reads and checks a property note.
  private func check(_ entry: ProgramHeader, _ file: ProgramFile<B>) throws(Errno) {
    guard entry.fileSize <= UInt64(GNUProperty.maximumLength) else { throw .ENOEXEC }
    guard let frame = frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    defer { frames.pointee.free(frame) }
    let buffer = unsafe board.pointer(to: frames.pointee.address(of: frame))
    guard entry.offset &>> 63 == 0 else { throw .EIO }
    let count = try unsafe file.read(at: entry.offset, to: buffer, Int(entry.fileSize))
    try GNUProperty.check(
      unsafe RawSpan(_unsafeStart: UnsafeRawPointer(buffer), byteCount: count),
      declared: entry.fileSize)
  }

  /// Gives up the old program for the new space (fs/exec.c:begin_new_exec()).
  private func beginNewProgram(
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
  private func mapVDSO(
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
