// Restartable sequences (kernel/rseq.c).
//
// Terms
// - An *area* is 32 bytes of a thread's that it has registered: the kernel keeps the number of the
//   CPU in it, and the thread puts there which sequence it is about to run.
// - A *sequence* is a run of instructions that must not be interrupted. If the thread loses the CPU
//   in it, or a signal's handler is called, it goes on at the sequence's abort handler instead.
//   Four bytes in front of the handler are the signature that was registered, so that nobody is led
//   to code that is no handler.
// - An *event* is a loss of the CPU, a signal, or a move to another CPU since the thread last went
//   on in its program.
//
// Invariant: `hasEvents ⇒ the area is brought up to date before the program goes on`, which is what
// the second bit of the task's `attention` says.
//
// An area that cannot be written, or a sequence that makes no sense, ends the thread's process.

import AddressSpaces
import Arm64
public import MemoryTypes

/// A task's registration (`task->rseq`).
struct RestartableSequence: BitwiseCopyable {
  var area: UInt64 = 0
  var signature: UInt32 = 0
  var hasEvents = false
}

/// `struct rseq_cs`.
private struct SequenceDescriptor: BitwiseCopyable {
  var version: UInt32
  var flags: UInt32
  var start: UInt64
  var length: UInt64
  var abort: UInt64

  /// The bounds make sense (rseq_get_rseq_cs()).
  func isValid(below taskSize: UInt64) -> Bool {
    let end = start &+ length
    return start < taskSize && end < taskSize && abort < taskSize && version == 0 && end >= start
      && abort &- start >= length
  }

  func contains(_ address: UInt64) -> Bool { address &- start < length }
}

/// `struct rseq`, as far as the kernel uses it: 20 bytes of 32.
private enum SequenceArea {
  static var length: Int { 32 }
  static var cpuStart: Int { 0 }
  static var cpu: Int { 4 }
  static var descriptor: Int { 8 }
  static var flags: Int { 16 }
}

extension Task {
  /// Something happened to the thread that ends a sequence, if it is in one (rseq_preempt()).
  @inline(__always)
  mutating func noteSequenceEvent() {
    guard sequence.area != 0 else { return }
    sequence.hasEvents = true
    attention |= Self.sequenceAttention
  }
}

extension KernelState {
  /// rseq: registers the area at an address, or lets go of it.
  public func registerSequences(
    _ area: UInt64, length: UInt32, flags: UInt32, signature: UInt32
  ) throws(Errno) {
    let task = current
    guard let space = task.pointee.memory.space, flags & ~1 == 0 else { throw .EINVAL }
    let known = task.pointee.sequence
    if flags == 1 {
      guard known.area == area, area != 0, length == SequenceArea.length else { throw .EINVAL }
      guard known.signature == signature else { throw .EPERM }
      // Number 0 to begin with, and none (RSEQ_CPU_ID_UNINITIALIZED).
      try space.pointee.copyOut(UInt64(0xffff_ffff) &<< 32, to: VirtualAddress(area))
      task.pointee.sequence = RestartableSequence()
      return
    }
    if known.area != 0 {
      guard known.area == area, length == SequenceArea.length else { throw .EINVAL }
      throw known.signature == signature ? .EBUSY : .EPERM
    }
    guard area & 31 == 0, length == SequenceArea.length else { throw .EINVAL }
    let descriptor = VirtualAddress(area &+ UInt64(SequenceArea.descriptor))
    if try space.pointee.copyIn(UInt64.self, from: descriptor) != 0 {
      try space.pointee.copyOut(UInt64(0), to: descriptor)
    }
    task.pointee.sequence = RestartableSequence(area: area, signature: signature)
    task.pointee.attention |= Task<B>.sequenceAttention
  }

  /// Brings the thread's area up to date before its program goes on, and leads it out of a sequence
  /// that was interrupted (__rseq_handle_notify_resume()).
  @inline(never)
  func updateSequences() {
    let task = current
    task.pointee.attention &= ~Task<B>.sequenceAttention
    let area = task.pointee.sequence.area
    guard area != 0, !task.pointee.isExiting, let space = task.pointee.memory.space else { return }
    var descriptor: UInt64 = 0
    do throws(Errno) {
      let written = try unsafe space.pointee.withUserBytes(
        VirtualAddress(area), SequenceArea.length, write: true
      ) { (bytes, _) throws(Errno) in
        // SAFETY (all): the area is aligned to its length, so it lies in the page lent.
        unsafe descriptor = bytes.load(
          fromByteOffset: SequenceArea.descriptor, as: UInt64.self)
        if descriptor == 0 { unsafe bytes.storeBytes(of: 0, as: UInt64.self) }
        return true
      }
      guard written == SequenceArea.length else { throw .EFAULT }
      if descriptor != 0 { try leaveSequence(descriptor, space) }
    } catch {
      task.pointee.sequence.hasEvents = false
      force(.segmentationViolation)
    }
  }

  /// Leads the thread to the abort handler if it is in the sequence that its area names
  /// (rseq_ip_fixup()).
  private func leaveSequence(
    _ place: UInt64, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let task = current
    let area = VirtualAddress(task.pointee.sequence.area)
    let taskSize = space.pointee.taskSize.rawValue
    guard place < taskSize else { throw .EINVAL }
    let found = try space.pointee.copyIn(SequenceDescriptor.self, from: VirtualAddress(place))
    guard found.isValid(below: taskSize) else { throw .EINVAL }
    let signature = try space.pointee.copyIn(
      UInt32.self, from: VirtualAddress(found.abort &- 4))
    guard signature == task.pointee.sequence.signature else { throw .EINVAL }
    var isOver = true
    if found.contains(task.pointee.context.pointee.programCounter) {
      let flags = try space.pointee.copyIn(
        UInt32.self, from: area + ByteCount(UInt64(SequenceArea.flags)))
      guard found.flags == 0, flags == 0 else { throw .EINVAL }
      isOver = task.pointee.sequence.hasEvents
      task.pointee.sequence.hasEvents = false
      if isOver { task.pointee.context.pointee.programCounter = found.abort }
    }
    if isOver {
      try space.pointee.copyOut(UInt64(0), to: area + ByteCount(UInt64(SequenceArea.descriptor)))
    }
    try space.pointee.copyOut(UInt64(0), to: area)
  }
}
