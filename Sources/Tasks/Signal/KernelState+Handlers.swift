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
    let stack = stackTop(action)
    let record = (stack &- 16) & ~15
    let frame = record &- SignalFrame.length
    guard frame < stack else { return false }
    do throws(Errno) {
      try space.pointee.copyOut(context.pointee.x[29], to: VirtualAddress(record))
      try space.pointee.copyOut(context.pointee.x[30], to: VirtualAddress(record &+ 8))
      try store(action, details, signal, at: frame, space)
    } catch { return false }

    context.pointee.x[0] = UInt64(signal.rawValue)
    if action.flags & SignalActionFlags.information != 0 {
      context.pointee.x[1] = frame
      context.pointee.x[2] = frame &+ SignalFrame.context
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
      task.pointee.actions[signal] = SignalAction()
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

  /// Writes the frame.
  private func store(
    _ action: SignalAction, _ details: SignalDetails, _ signal: Signal, at frame: UInt64,
    _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let task = current
    func put(_ value: UInt64, _ offset: UInt64) throws(Errno) {
      try space.pointee.copyOut(value, to: VirtualAddress(frame &+ offset))
    }
    if action.flags & SignalActionFlags.information != 0 {
      try space.pointee.clearOut(VirtualAddress(frame), 128)
      try put(UInt64(signal.rawValue), 0)
      try put(UInt64(UInt32(bitPattern: details.code)), 8)
      try put(details.first, 16)
      try put(details.second, 24)
    }
    try put(0, SignalFrame.context)
    try put(0, SignalFrame.context &+ 8)
    try put(task.pointee.signalStack.pointer, SignalFrame.otherStack)
    try put(UInt64(task.pointee.signalStack.flags), SignalFrame.otherStack &+ 8)
    try put(task.pointee.signalStack.size, SignalFrame.otherStack &+ 16)
    try put((task.pointee.savedMask ?? task.pointee.blocked).rawValue, SignalFrame.mask)
    try put(details.syndrome == 0 ? 0 : details.first, SignalFrame.faultAddress)
    // SAFETY: the context's first words are what the frame holds, in its order.
    try unsafe space.pointee.copyOut(
      UnsafeRawPointer(task.pointee.context.raw),
      to: VirtualAddress(frame &+ SignalFrame.registers), SignalFrame.registerWords &* 8)

    var at = SignalFrame.records
    let vectors = Task.vectorsPointer(task)
    board.save(vectors)
    try put(SignalFrame.vectorHead, at)
    try put(
      vectors.pointee.statusRegister & 0xffff_ffff | vectors.pointee.controlRegister &<< 32,
      at &+ 8)
    // SAFETY: the registers are the state's first 512 bytes.
    try unsafe space.pointee.copyOut(
      UnsafeRawPointer(vectors.raw), to: VirtualAddress(frame &+ at &+ 16), 512)
    at &+= 528
    if details.syndrome != 0 {
      try put(SignalFrame.syndromeHead, at)
      try put(details.syndrome, at &+ 8)
      at &+= 16
    }
    try put(0, at)
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
    do throws(Errno) {
      func get(_ offset: UInt64) throws(Errno) -> UInt64 {
        try space.pointee.copyIn(UInt64.self, from: VirtualAddress(frame &+ offset))
      }
      let mask = try get(SignalFrame.mask)
      let other = (
        try get(SignalFrame.otherStack), try get(SignalFrame.otherStack &+ 8),
        try get(SignalFrame.otherStack &+ 16)
      )
      try loadVectors(frame, space)
      // SAFETY: as when it was stored.
      try unsafe space.pointee.copyIn(
        VirtualAddress(frame &+ SignalFrame.registers), to: context.raw,
        SignalFrame.registerWords &* 8)
      // valid_user_regs(): EL0, AArch64, interrupts open; of the rest NZCV, DIT, TCO, SSBS, BTYPE.
      let state = context.pointee.processorState
      guard state & 0x3df == 0 else { endByBadFrame() }
      context.pointee.processorState = state & 0xf300_1c00
      task.pointee.signalStack.pointer = other.0
      task.pointee.signalStack.flags = UInt32(truncatingIfNeeded: other.1)
      task.pointee.signalStack.size = other.2
      setBlocked(SignalSet(rawValue: mask & ~SignalSet.unblockable.rawValue))
    } catch { endByBadFrame() }
    return context.pointee.x[0]
  }

  /// Finds the record of the vector registers and loads it (parse_user_sigframe()).
  private func loadVectors(
    _ frame: UInt64, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    var at: UInt64 = 0
    while at &+ 16 <= SignalFrame.recordsLength {
      let place = VirtualAddress(frame &+ SignalFrame.records &+ at)
      let head = try space.pointee.copyIn(UInt64.self, from: place)
      let size = head &>> 32
      if head == 0 { throw .EINVAL }  // no vector registers
      if head == SignalFrame.vectorHead {
        guard at &+ 528 <= SignalFrame.recordsLength else { throw .EINVAL }
        let vectors = Task.vectorsPointer(current)
        let status = try space.pointee.copyIn(UInt64.self, from: place + ByteCount(8))
        // SAFETY: the registers are the state's first 512 bytes.
        try unsafe space.pointee.copyIn(place + ByteCount(16), to: vectors.raw, 512)
        vectors.pointee.statusRegister = status & 0xffff_ffff
        vectors.pointee.controlRegister = status &>> 32
        board.load(vectors)
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
