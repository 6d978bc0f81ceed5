import AddressSpaces
import Arm64
import Files
import MemoryTypes

/// Calling a program's handlers (arch/arm64/kernel/signal.c:setup_rt_frame()).
extension KernelState {
  /// Puts a frame on the stack and lets the program go on in its handler; false if the frame
  /// cannot be stored.
  func callHandler(
    _ signal: Signal, _ action: SignalAction, _ details: SignalDetails
  ) -> Bool {
    let task = current
    let context = task.pointee.context
    guard let space = task.pointee.memory.space else { return false }
    traceSignal(signal, action, details)
    let stack = stackTop(action)
    let record = (stack &- 16) & ~15
    let frame = record &- SignalFrame.length
    guard frame < stack else { return false }
    do throws(Errno) {
      let link: InlineArray<2, UInt64> = [context.pointee.x[29], context.pointee.x[30]]
      try space.pointee.copyOut(link, to: VirtualAddress(record))
      try store(action, details, signal, at: frame, space)
    } catch { return false }

    context.pointee.x[0] = UInt64(signal.rawValue)
    if action.flags & SignalActionFlags.information != 0 {
      context.pointee.x[1] = frame
      context.pointee.x[2] = frame &+ UInt64(SignalFrame.context)
    }
    context.pointee.x[29] = record
    context.pointee.x[30] =
      action.flags & SignalActionFlags.restorer != 0
      ? action.restorer
      : space.pointee.vdso.rawValue &+ store.pointee.signalReturn.rawValue
    context.pointee.stackPointer = frame
    context.pointee.programCounter = action.handler

    // signal_delivered(): the mask while the handler runs.
    task.pointee.savedMask = nil
    var mask = task.pointee.blocked.rawValue | action.mask.rawValue
    if action.flags & SignalActionFlags.noDefer == 0 {
      mask |= 1 &<< UInt64(signal.rawValue &- 1)
    }
    task.pointee.blocked = SignalSet(rawValue: mask & ~SignalSet.unblockable.rawValue)
    if action.flags & SignalActionFlags.resetHandler != 0 {
      task.pointee.handlers.pointee[signal] = SignalAction()
    }
    return true
  }

  /// Where the frame goes below (sigsp()): the other stack, unless the program is on it already.
  private func stackTop(_ action: SignalAction) -> UInt64 {
    let pointer = current.pointee.context.pointee.stackPointer
    let other = current.pointee.signalStack
    guard action.flags & SignalActionFlags.onOtherStack != 0, other.flags & 2 == 0,
      !(pointer > other.pointer && pointer &- other.pointer <= other.size)
    else { return pointer }
    return other.pointer &+ other.size
  }

  /// Writes the frame: what is used of it, in one piece.
  private func store(
    _ action: SignalAction, _ details: SignalDetails, _ signal: Signal, at frame: UInt64,
    _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let task = current
    var image = SignalFrame.Image(repeating: 0)
    if action.flags & SignalActionFlags.information != 0 {
      image[0] = UInt64(signal.rawValue)
      image[1] = UInt64(UInt32(bitPattern: details.code))
      image[2] = details.first
      image[3] = details.second
    }
    image[SignalFrame.otherStack / 8] = task.pointee.signalStack.pointer
    image[SignalFrame.otherStack / 8 &+ 1] = UInt64(task.pointee.signalStack.flags)
    image[SignalFrame.otherStack / 8 &+ 2] = task.pointee.signalStack.size
    image[SignalFrame.mask / 8] = (task.pointee.savedMask ?? task.pointee.blocked).rawValue
    image[SignalFrame.faultAddress / 8] = details.syndrome == 0 ? 0 : details.first
    let vectors = Task.vectorsPointer(task)
    board.save(vectors)
    let records = SignalFrame.records / 8
    image[records] = SignalFrame.vectorHead
    image[records &+ 1] =
      vectors.pointee.statusRegister & 0xffff_ffff | vectors.pointee.controlRegister &<< 32
    if details.syndrome != 0 {
      image[records &+ 66] = SignalFrame.syndromeHead
      image[records &+ 67] = details.syndrome
    }
    var span = image.mutableSpan
    // SAFETY: the image is a local; both copies fit in it, and their sources hold as much.
    try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      guard let start = bytes.baseAddress else { return }
      unsafe (start + SignalFrame.registers).copyMemory(
        from: task.pointee.context.raw, byteCount: SignalFrame.registerWords &* 8)
      unsafe (start + SignalFrame.records + 16).copyMemory(
        from: vectors.raw, byteCount: SignalFrame.vectorBytes)
      try unsafe space.pointee.copyOut(start, to: VirtualAddress(frame), bytes.count)
    }
  }

  /// Puts everything back as the frame at the stack pointer has it (rt_sigreturn).
  ///
  /// The answer is x0 as the interrupted program had it. A frame that is none ends the program with
  /// SIGSEGV.
  public func returnFromHandler() -> UInt64 {
    let task = current
    let context = task.pointee.context
    let frame = context.pointee.stackPointer
    guard frame & 15 == 0, let space = task.pointee.memory.space else { endByBadFrame() }
    var image = SignalFrame.Image(repeating: 0)
    var span = image.mutableSpan
    do throws(Errno) {
      // SAFETY: the image is a local as long as what is copied.
      try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
        guard let start = bytes.baseAddress else { return }
        try unsafe space.pointee.copyIn(VirtualAddress(frame), to: start, bytes.count)
        if unsafe start.load(fromByteOffset: SignalFrame.records, as: UInt64.self)
          == SignalFrame.vectorHead
        {
          unsafe loadVectors(UnsafeRawPointer(start) + SignalFrame.records)
        } else {
          try findVectors(frame, space)
        }
        unsafe context.raw.copyMemory(
          from: start + SignalFrame.registers, byteCount: SignalFrame.registerWords &* 8)
      }
    } catch { endByBadFrame() }
    // valid_user_regs(): EL0, AArch64, interrupts open; of the rest NZCV, DIT, TCO, SSBS, BTYPE.
    let state = context.pointee.processorState
    guard state & 0x3df == 0 else { endByBadFrame() }
    context.pointee.processorState = state & 0xf300_1c00
    task.pointee.signalStack.pointer = image[SignalFrame.otherStack / 8]
    task.pointee.signalStack.flags = UInt32(
      truncatingIfNeeded: image[SignalFrame.otherStack / 8 &+ 1])
    task.pointee.signalStack.size = image[SignalFrame.otherStack / 8 &+ 2]
    setBlocked(
      SignalSet(rawValue: image[SignalFrame.mask / 8] & ~SignalSet.unblockable.rawValue))
    return context.pointee.x[0]
  }

  /// Loads the vector registers from their record, which must be there whole.
  private func loadVectors(_ record: UnsafeRawPointer) {
    let vectors = Task.vectorsPointer(current)
    // SAFETY: the record is 528 bytes; the registers are the state's first 512.
    unsafe vectors.raw.copyMemory(from: record + 16, byteCount: SignalFrame.vectorBytes)
    let status = unsafe record.load(fromByteOffset: 8, as: UInt64.self)
    vectors.pointee.statusRegister = status & 0xffff_ffff
    vectors.pointee.controlRegister = status &>> 32
    board.load(vectors)
  }

  /// Finds the record of the vector registers behind others, and loads it
  /// (parse_user_sigframe()).
  private func findVectors(
    _ frame: UInt64, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    var at: UInt64 = 0
    while at &+ 16 <= SignalFrame.recordsLength {
      let place = VirtualAddress(frame &+ UInt64(SignalFrame.records) &+ at)
      let head = try space.pointee.copyIn(UInt64.self, from: place)
      let size = head &>> 32
      if head == 0 { throw .EINVAL }  // no vector registers
      if head == SignalFrame.vectorHead {
        guard at &+ 528 <= SignalFrame.recordsLength else { throw .EINVAL }
        var record = SignalFrame.VectorRecord(repeating: 0)
        var span = record.mutableSpan
        // SAFETY: the record is a local as long as what is copied.
        try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
          guard let start = bytes.baseAddress else { return }
          try unsafe space.pointee.copyIn(place, to: start, bytes.count)
          unsafe loadVectors(UnsafeRawPointer(start))
        }
        return
      }
      guard size >= 16, size & 15 == 0 else { throw .EINVAL }
      at &+= size
    }
    throw .EINVAL
  }

  private func endByBadFrame() -> Never {
    let task = current
    let name = task.pointee.name
    log { line in
      line.append(name)
      line.append(": bad frame in rt_sigreturn")
    }
    end(
      .signalled(.segmentationViolation),
      programCounter: task.pointee.context.pointee.programCounter)
  }
}
