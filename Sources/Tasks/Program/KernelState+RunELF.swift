import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes

/// An ELF file becomes the current task's program (fs/binfmt_elf.c:load_elf_binary()).
extension KernelState {
  /// Runs an ELF file in the new space.
  func runELF(
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

    record(image, stack, in: space)
    setBreak(of: image, header, hasInterpreter: prepared.interpreter != nil, in: space)
    space.pointee.traceAreas()
    task.pointee.context.pointee = registers(of: header, entry: entry, stack)
    file.releaseBuffer()
  }

  /// What prctl(PR_SET_MM) and /proc say of where the program's parts are.
  private func record(
    _ image: LoadedImage, _ stack: InitialStack, in space: KernelPointer<AddressSpace<B>>
  ) {
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
  }

  /// Puts the break behind the program.
  ///
  /// A static PIE lies in the mmap area, where a break would have no room to grow: it gets the
  /// place of a dynamic PIE's image.
  private func setBreak(
    of image: LoadedImage, _ header: ELFHeader, hasInterpreter: Bool,
    in space: KernelPointer<AddressSpace<B>>
  ) {
    let isBehindProgram = header.kind != .shared || hasInterpreter
    let start =
      isBehindProgram
      ? VirtualAddress(image.layout.end &+ image.bias) : space.pointee.user.elfDynamicBase
    space.pointee.startBreak = chosenBreak(
      start.alignedUp(to: board.pageSize), isBehindProgram: isBehindProgram,
      isCompat: header.isCompat)
    space.pointee.programBreak = space.pointee.startBreak
  }

  /// The registers at the first instruction (start_thread(), compat_start_thread()).
  private func registers(
    of header: ELFHeader, entry: UInt64, _ stack: InitialStack
  ) -> UserContext {
    if header.isCompat {
      return UserContext(entry: entry, stack32: stack.stackPointer.rawValue)
    }
    var registers = UserContext()
    // Speculative store bypass is safe, as Linux begins programs on cores that are not affected
    // (PSR_SSBS_BIT, spectre_v4_enable_task_mitigation()).
    registers.processorState = 1 &<< 12
    registers.programCounter = entry
    registers.stackPointer = stack.stackPointer.rawValue
    return registers
  }
}
