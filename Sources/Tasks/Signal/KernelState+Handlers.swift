import AddressSpaces
import Arm64
import Files
import MemoryTypes

/// Calling a program's handlers (arch/arm64/kernel/signal.c:setup_rt_frame()).
extension KernelState {
  /// Puts a frame on the stack and lets the program go on in its handler; false if the frame
  /// cannot be stored.
  @inline(__always)
  func callHandler(_ taken: Taken) -> Bool {
    let task = current
    let context = task.pointee.context
    let action = taken.action
    let signal = taken.info.signal
    guard let space = task.pointee.memory.space else { return false }
    traceSignal(taken)
    if context.pointee.isAArch32 { return callCompatHandler(taken, below: stackTop(action)) }
    let record = (stackTop(action) &- 16) & ~15
    let frame = record &- SignalFrame.length
    guard frame < record else { return false }
    do throws(Errno) {
      let link: InlineArray<2, UInt64> = [context.pointee.x[29], context.pointee.x[30]]
      try space.pointee.copyOut(link, to: VirtualAddress(record))
      try store(taken, at: frame, space)
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
    noteHandler(taken)
    return true
  }

  /// The mask while the handler runs (signal_delivered()).
  @inline(__always)
  func noteHandler(_ taken: Taken) {
    let task = current
    let action = taken.action
    task.pointee.savedMask = nil
    if task.pointee.signalStack.disarms { task.pointee.signalStack = SignalStack() }
    var mask = task.pointee.blocked.rawValue | action.mask.rawValue
    if action.flags & SignalActionFlags.noDefer == 0 {
      mask |= 1 &<< UInt64(taken.info.signal.rawValue &- 1)
    }
    if mask != task.pointee.blocked.rawValue { setBlocked(SignalSet(rawValue: mask)) }
  }

  /// Where the frame goes below (sigsp()): the other stack, unless the program is on it already.
  @inline(__always)
  private func stackTop(_ action: SignalAction) -> UInt64 {
    let pointer = current.pointee.context.pointee.anyStackPointer
    guard action.flags & SignalActionFlags.onOtherStack != 0 else { return pointer }
    let other = current.pointee.signalStack
    guard other.size != 0, !other.isInUse(at: pointer) else { return pointer }
    return other.pointer &+ other.size
  }

  /// Writes the frame in place where it lies in one page, else by way of the kernel's stack.
  @inline(__always)
  private func store(
    _ taken: Taken, at frame: UInt64, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let place = VirtualAddress(frame)
    let offset = place.offset(in: board.pageSize).rawValue
    if offset &+ UInt64(SignalFrame.used) <= board.pageSize.bytes.rawValue {
      _ = try unsafe space.pointee.withUserBytes(place, SignalFrame.used, write: true) {
        (bytes, _) throws(Errno) in
        unsafe fill(bytes, taken)
        return true
      }
    } else {
      try storeAcross(taken, at: place, space)
    }
  }

  @inline(never)
  private func storeAcross(
    _ taken: Taken, at place: VirtualAddress, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    var image = SignalFrame.Image(repeating: 0)
    var span = image.mutableSpan
    // SAFETY: the image is a local as long as what is filled and copied.
    try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      guard let start = bytes.baseAddress else { return }
      unsafe fill(start, taken)
      try unsafe space.pointee.copyOut(start, to: place, SignalFrame.used)
    }
  }

  /// Fills in a frame's first ``SignalFrame/used`` bytes (setup_sigframe()).
  @inline(__always)
  private func fill(_ start: UnsafeMutableRawPointer, _ taken: Taken) {
    let task = current
    func put(_ value: UInt64, _ offset: Int) {
      // SAFETY: all offsets lie in the frame's used part, which `start` has room for.
      unsafe start.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
    }
    if taken.action.flags & SignalActionFlags.information != 0 {
      var info = taken.info
      if taken.action.flags & SignalActionFlags.exposesTags == 0 && info.layout == .fault {
        info.first &= VirtualAddress(info.first).untagged.rawValue
      }
      // SAFETY: as above; siginfo is the frame's first part.
      unsafe start.storeBytes(of: info, as: SignalInfo.self)
      unsafe (start + 48).initializeMemory(as: UInt8.self, repeating: 0, count: 80)
    }
    put(0, SignalFrame.context)
    put(0, SignalFrame.context &+ 8)
    put(task.pointee.signalStack.pointer, SignalFrame.otherStack)
    put(UInt64(task.pointee.signalStack.flags), SignalFrame.otherStack &+ 8)
    put(task.pointee.signalStack.size, SignalFrame.otherStack &+ 16)
    put((task.pointee.savedMask ?? task.pointee.blocked).rawValue, SignalFrame.mask)
    put(task.pointee.faultAddress, SignalFrame.faultAddress)
    // SAFETY: the registers' words, and the vector state, which reaches 16 bytes beyond its record;
    // these are filled next.
    unsafe (start + SignalFrame.registers).copyMemory(
      from: task.pointee.context.raw, byteCount: SignalFrame.registerWords &* 8)
    let records = SignalFrame.records
    let vectors = unsafe KernelPointer(
      (start + records + 16).assumingMemoryBound(to: VectorState.self))
    board.save(vectors)
    let states =
      vectors.pointee.statusRegister & 0xffff_ffff | vectors.pointee.controlRegister &<< 32
    put(SignalFrame.vectorHead, records)
    put(states, records &+ 8)
    var end = records &+ 528
    if task.pointee.faultCode != 0 {
      put(SignalFrame.syndromeHead, end)
      put(task.pointee.faultCode, end &+ 8)
      end &+= 16
    }
    put(0, end)
  }
}
