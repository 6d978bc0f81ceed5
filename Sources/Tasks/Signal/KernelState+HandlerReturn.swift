import AddressSpaces
import Arm64
import Files
public import MemoryTypes

/// The way back from a handler (arch/arm64/kernel/signal.c: rt_sigreturn, restore_sigframe(),
/// parse_user_sigframe()).
extension KernelState {
  /// Puts everything back as the frame at the stack pointer has it.
  ///
  /// The answer is x0 as the interrupted program had it. A frame that is none gives SIGSEGV, with
  /// the registers as far as they were taken.
  public func returnFromHandler() -> UInt64 {
    let task = current
    let context = task.pointee.context
    task.pointee.restart = .none
    let frame = context.pointee.stackPointer
    do throws(Errno) {
      guard frame & 15 == 0, let space = task.pointee.memory.space else { throw .EFAULT }
      let place = VirtualAddress(frame)
      let offset = place.offset(in: board.pageSize).rawValue
      if offset &+ UInt64(SignalFrame.used) <= board.pageSize.bytes.rawValue {
        _ = try unsafe space.pointee.withUserBytes(place, SignalFrame.used, write: false) {
          (bytes, _) throws(Errno) in
          try unsafe load(UnsafeRawPointer(bytes), frame, space)
          return true
        }
      } else {
        try loadAcross(place, space)
      }
    } catch {
      context.pointee.systemCallNumber = -1
      // The stack pointer as it is now: that of the frame, if it came so far.
      refuseFrame(context.pointee.stackPointer)
      return 0
    }
    return context.pointee.x[0]
  }

  @inline(never)
  private func loadAcross(
    _ place: VirtualAddress, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    var image = SignalFrame.Image(repeating: 0)
    var span = image.mutableSpan
    // SAFETY: the image is a local as long as what is copied.
    try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      guard let start = bytes.baseAddress else { return }
      try unsafe space.pointee.copyIn(place, to: start, SignalFrame.used)
      try unsafe load(UnsafeRawPointer(start), place.rawValue, space)
    }
  }

  /// Takes mask, registers and vector registers from a frame's first bytes.
  @inline(__always)
  private func load(
    _ start: UnsafeRawPointer, _ frame: UInt64, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let task = current
    let context = task.pointee.context
    func word(_ offset: Int) -> UInt64 {
      // SAFETY: all offsets lie in the frame's used part, which `start` holds.
      unsafe start.load(fromByteOffset: offset, as: UInt64.self)
    }
    let mask = word(SignalFrame.mask) & ~SignalSet.unblockable.rawValue
    let records = SignalFrame.records
    // SAFETY: the context begins with the registers in the frame's order.
    unsafe context.raw.copyMemory(
      from: start + SignalFrame.registers, byteCount: SignalFrame.registerWords &* 8)
    context.pointee.systemCallNumber = -1
    if mask != task.pointee.blocked.rawValue { setBlocked(SignalSet(rawValue: mask)) }
    // valid_user_regs(): EL0, AArch64, interrupts open; of the rest NZCV, DIT, TCO, SSBS, BTYPE.
    let state = context.pointee.processorState
    context.pointee.processorState = state & 0xf300_1c00
    guard state & 0x3df == 0 else { throw .EINVAL }
    // What the kernel wrote needs no search: the vectors, perhaps a syndrome, the end.
    let next = word(records &+ 528)
    if word(records) == SignalFrame.vectorHead
      && (next == 0 || next == SignalFrame.syndromeHead && word(records &+ 544) == 0)
    {
      unsafe loadVectors(start + records)
    } else {
      try findVectors(frame, space)
    }
    // restore_altstack(): what is refused is only forgotten.
    let base = SignalFrame.otherStack
    let stack = SignalStack(
      pointer: word(base), flags: UInt32(truncatingIfNeeded: word(base &+ 8)),
      size: word(base &+ 16))
    if stack != task.pointee.signalStack { try? setSignalStack(stack) }
  }

  /// Loads the vector registers from their record.
  private func loadVectors(_ record: UnsafeRawPointer) {
    let vectors = Task.vectorsPointer(current)
    // SAFETY: the record is 528 bytes; the registers are the state's first 512.
    unsafe vectors.raw.copyMemory(from: record + 16, byteCount: SignalFrame.vectorBytes)
    let status = unsafe record.load(fromByteOffset: 8, as: UInt64.self)
    vectors.pointee.statusRegister = status & 0xffff_ffff
    vectors.pointee.controlRegister = status &>> 32
    board.load(vectors)
  }

  /// Looks through all records for the one of the vector registers, and loads it
  /// (parse_user_sigframe()).
  ///
  /// There must be one; of others only a syndrome, and one that leads to more room right behind.
  @inline(never)
  private func findVectors(
    _ frame: UInt64, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    var base = frame &+ UInt64(SignalFrame.records)
    var limit = SignalFrame.recordsLength
    var at: UInt64 = 0
    var vectors: UInt64?
    var hasExtra = false
    func word(_ place: UInt64) throws(Errno) -> UInt64 {
      try space.pointee.copyIn(UInt64.self, from: VirtualAddress(place))
    }
    while true {
      guard limit &- at >= 8, at & 15 == 0 else { throw .EINVAL }
      let head = try word(base &+ at)
      let size = head &>> 32
      guard limit &- at >= size else { throw .EINVAL }
      switch head & 0xffff_ffff {
      case 0:
        guard size == 0, let vectors else { throw .EINVAL }
        return try loadVectors(at: vectors, space)
      case SignalFrame.vectorMagic:
        guard vectors == nil, size >= 528 else { throw .EINVAL }
        vectors = base &+ at
      case SignalFrame.syndromeMagic: break
      case SignalFrame.extraMagic:
        guard !hasExtra, size >= 32, limit &- at &- size >= 16 else { throw .EINVAL }
        hasExtra = true
        let behind = base &+ at &+ size &+ 16
        let data = try word(base &+ at &+ 8)
        let length = try word(base &+ at &+ 16) & 0xffff_ffff
        guard try word(base &+ at &+ size) == 0, data & 15 == 0, length & 15 == 0,
          data == behind, length <= frame &+ 0x1_0000 &- behind
        else { throw .EINVAL }
        base = data
        limit = length
        at = 0
        continue
      default: throw .EINVAL
      }
      guard size >= 8 else { throw .EINVAL }
      at &+= size
    }
  }

  private func loadVectors(
    at place: UInt64, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    var record = SignalFrame.VectorRecord(repeating: 0)
    var span = record.mutableSpan
    // SAFETY: the record is a local as long as what is copied.
    try unsafe span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      guard let start = bytes.baseAddress else { return }
      try unsafe space.pointee.copyIn(VirtualAddress(place), to: start, bytes.count)
      // restore_fpsimd_context(): no other size.
      guard unsafe start.load(as: UInt64.self) == SignalFrame.vectorHead else { throw .EINVAL }
      unsafe loadVectors(UnsafeRawPointer(start))
    }
  }

  /// A frame that is none (arm64_notify_segfault()).
  @inline(never)
  func refuseFrame(_ address: UInt64) {
    let task = current
    let above = task.pointee.memory.space?.pointee.firstArea(from: VirtualAddress(address))
    task.pointee.faultAddress = 0
    task.pointee.faultCode = 0
    // The handler, if there is one, is called when this call has ended.
    task.pointee.needsAttention = true
    raiseFault(
      .segmentationViolation, "bad frame in rt_sigreturn",
      SignalCause(
        code: above == nil ? SignalCause.notMapped : SignalCause.accessDenied,
        address: address),
      syndrome: 0)
  }

  /// Sets the other stack; EPERM while the program is on it (do_sigaltstack()).
  public func setSignalStack(_ new: SignalStack) throws(Errno) {
    let task = current
    let pointer = task.pointee.context.pointee.anyStackPointer
    guard !task.pointee.signalStack.isInUse(at: pointer) else { throw .EPERM }
    var stack = new
    switch new.flags & ~SignalStack.disarmsFlag {
    case SignalStack.disabled:
      stack.pointer = 0
      stack.size = 0
    case 0, SignalStack.onStack:
      guard stack != task.pointee.signalStack else { return }
      // MINSIGSTKSZ, COMPAT_MINSIGSTKSZ
      let least: UInt64 = task.pointee.context.pointee.isAArch32 ? 2048 : 5120
      guard stack.size >= least else { throw .ENOMEM }
    default: throw .EINVAL
    }
    task.pointee.signalStack = stack
  }
}
