import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes

/// Calling a 32-bit program's handlers (arch/arm64/kernel/signal32.c).
extension KernelState {
  /// Puts a frame on the stack, below `top`, and lets the program go on in its handler; false if
  /// the frame cannot be stored.
  @inline(never)
  func callCompatHandler(_ taken: Taken, below top: UInt64) -> Bool {
    let action = taken.action
    let task = current
    let context = task.pointee.context
    guard let space = task.pointee.memory.space else { return false }
    let hasInformation = action.flags & SignalActionFlags.information != 0
    let start = hasInformation ? CompatSignalFrame.informationLength : 0
    let frame = (top & 0xffff_ffff &- start &- CompatSignalFrame.contextLength) & 0xffff_fff8
    // access_ok(): the whole frame, though not all of it is written.
    guard frame &+ start &+ CompatSignalFrame.contextLength <= space.pointee.user.taskSize.rawValue
    else { return false }
    let image = compatImage(hasInformation: hasInformation)
    do throws(Errno) {
      if hasInformation {
        try space.pointee.copyOut(
          CompatSignalInformation(taken.info).words, to: VirtualAddress(frame))
      }
      try space.pointee.copyOut(image, to: VirtualAddress(frame &+ start))
    } catch { return false }

    // compat_setup_return()
    let isThumb = action.handler & 1 != 0
    var state =
      context.pointee.processorState
      & ~(ProgramStatus.fastInterrupts | ProgramStatus.bigEndian | ProgramStatus.ifThenMask
      | ProgramStatus.thumb)
    if isThumb { state |= ProgramStatus.thumb }
    context.pointee.x[0] = UInt64(taken.info.signal.rawValue)
    if hasInformation {
      context.pointee.x[1] = frame
      context.pointee.x[2] = frame &+ start
    }
    context.pointee.sp32 = frame
    context.pointee.lr32 =
      action.flags & SignalActionFlags.restorer != 0
      ? action.restorer
      : space.pointee.signalPage.rawValue
        &+ CompatPages.returnOffset(thumb: isThumb, information: hasInformation)
    context.pointee.programCounter = action.handler & 0xffff_fffe
    context.pointee.processorState = state
    noteHandler(taken)
    return true
  }

  /// The `ucontext` of what the program was doing (compat_setup_sigframe()).
  private func compatImage(hasInformation: Bool) -> CompatSignalFrame.Image {
    let task = current
    let mask = task.pointee.savedMask ?? task.pointee.blocked
    let context = task.pointee.context
    var image = CompatSignalFrame.Image(repeating: 0)
    func low(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }
    if hasInformation {
      image[CompatSignalFrame.otherStack] = low(task.pointee.signalStack.pointer)
      image[CompatSignalFrame.otherStack &+ 1] = task.pointee.signalStack.shownFlags(
        at: context.pointee.sp32)
      image[CompatSignalFrame.otherStack &+ 2] = low(task.pointee.signalStack.size)
    } else {
      image[0] = CompatSignalFrame.shortFlags
    }
    // WnR of the syndrome, where AArch32's fault status has it.
    image[CompatSignalFrame.errorCode] = low((task.pointee.faultCode &>> 6) & 1) &<< 11
    image[CompatSignalFrame.oldMask] = low(mask.rawValue)
    for index in 0..<15 {
      image[CompatSignalFrame.registers &+ index] = low(context.pointee.x[index])
    }
    image[CompatSignalFrame.registers &+ 15] = low(context.pointee.programCounter)
    image[CompatSignalFrame.status] = low(ProgramStatus.visible(context.pointee.processorState))
    image[CompatSignalFrame.faultAddress] = low(task.pointee.faultAddress)
    image[CompatSignalFrame.mask] = low(mask.rawValue)
    image[CompatSignalFrame.mask &+ 1] = low(mask.rawValue &>> 32)

    let vectors = Task.vectorsPointer(task)
    board.save(vectors)
    image[CompatSignalFrame.vectors] = CompatSignalFrame.vectorMagic
    image[CompatSignalFrame.vectors &+ 1] = CompatSignalFrame.vectorLength
    // d0–d31 are q0–q15.
    for index in 0..<32 {
      let value = vectors.pointee.q[index]
      image[CompatSignalFrame.vectorRegisters &+ index &* 2] = low(value)
      image[CompatSignalFrame.vectorRegisters &+ index &* 2 &+ 1] = low(value &>> 32)
    }
    image[CompatSignalFrame.vectorStatus] = low(
      vectors.pointee.statusRegister & CompatSignalFrame.statusMask
        | vectors.pointee.controlRegister & CompatSignalFrame.controlMask)
    image[CompatSignalFrame.vectorException] = 1 &<< 30  // FPEXC.EN
    return image
  }

  /// Puts everything back as the frame at the stack pointer has it (sigreturn, rt_sigreturn); the
  /// answer is r0 as the interrupted program had it.
  ///
  /// A frame that is none is SIGSEGV.
  public func returnFromCompatHandler(isRealtime: Bool) -> UInt64 {
    let task = current
    let context = task.pointee.context
    let sp = context.pointee.sp32
    task.pointee.restart = .none
    context.pointee.systemCallNumber = -1
    guard loadCompatFrame(at: sp, isRealtime: isRealtime) else {
      refuseFrame(sp)
      return context.pointee.x[0]
    }
    return context.pointee.x[0]
  }

  private func loadCompatFrame(at sp: UInt64, isRealtime: Bool) -> Bool {
    let task = current
    let context = task.pointee.context
    guard sp & 7 == 0, let space = task.pointee.memory.space else { return false }
    let place = sp &+ (isRealtime ? CompatSignalFrame.informationLength : 0)
    guard place &+ CompatSignalFrame.contextLength <= space.pointee.user.taskSize.rawValue
    else { return false }
    var image = CompatSignalFrame.Image(repeating: 0)
    var span = image.mutableSpan
    do throws(Errno) {
      // SAFETY: the image is a local as long as what is copied.
      try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
        guard let start = bytes.baseAddress else { return }
        try unsafe space.pointee.copyIn(VirtualAddress(place), to: start, bytes.count)
      }
    } catch { return false }
    func long(_ index: Int) -> UInt64 { UInt64(image[index]) | UInt64(image[index &+ 1]) &<< 32 }
    setBlocked(
      SignalSet(rawValue: long(CompatSignalFrame.mask) & ~SignalSet.unblockable.rawValue))
    for index in 0..<15 {
      context.pointee.x[index] = UInt64(image[CompatSignalFrame.registers &+ index])
    }
    context.pointee.programCounter = UInt64(image[CompatSignalFrame.registers &+ 15])
    let (state, isValid) = ProgramStatus.valid(
      ProgramStatus.stored(UInt64(image[CompatSignalFrame.status])), mixedEndian: hasMixedEndian)
    context.pointee.processorState = state
    guard isValid, image[CompatSignalFrame.vectors] == CompatSignalFrame.vectorMagic,
      image[CompatSignalFrame.vectors &+ 1] == CompatSignalFrame.vectorLength
    else { return false }
    let vectors = Task.vectorsPointer(task)
    board.save(vectors)
    for index in 0..<32 {
      vectors.pointee.q[index] = long(CompatSignalFrame.vectorRegisters &+ index &* 2)
    }
    let status = UInt64(image[CompatSignalFrame.vectorStatus])
    vectors.pointee.statusRegister = status & CompatSignalFrame.statusMask
    vectors.pointee.controlRegister = status & CompatSignalFrame.controlMask
    board.load(vectors)
    if isRealtime {
      // As restore_altstack(): what it refuses is left as it is.
      try? setSignalStack(
        SignalStack(
          pointer: UInt64(image[CompatSignalFrame.otherStack]),
          flags: image[CompatSignalFrame.otherStack &+ 1],
          size: UInt64(image[CompatSignalFrame.otherStack &+ 2])))
    }
    return true
  }

  /// A call with a number that no range of Arm's has: SIGILL at its SVC
  /// (compat_arm_syscall(): "Oops - bad compat syscall(2)").
  public func refuseCompatCall() {
    current.pointee.faultAddress = 0
    current.pointee.faultCode = 0
    let context = current.pointee.context
    raiseFault(
      .illegalInstruction, "bad compat syscall",
      SignalCause(
        code: 4,  // ILL_ILLTRP
        address: context.pointee.programCounter &- context.pointee.callLength), syndrome: 0)
  }
}
