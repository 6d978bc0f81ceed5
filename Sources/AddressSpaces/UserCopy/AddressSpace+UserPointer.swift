import Arm64
import MemoryTypes
import PageFrames

/// Reaching a program's bytes through the linear map, never through its own address.
///
/// A user pointer is an allegation. The range is checked against TASK_SIZE (`access_ok()`), each
/// page is looked up in the tables as the MMU would for EL0, and what is missing is faulted in as
/// if the program had touched it. No access of the kernel's can trap on a program's behalf.
extension AddressSpace {
  /// Whether `count` bytes lie in the user half.
  ///
  /// Tags are refused, as without the tagged-address
  /// ABI.
  @inline(__always) func isUserRange(_ address: VirtualAddress, _ count: Int) -> Bool {
    guard count >= 0 else { return false }
    let limit = accessEnd.rawValue
    return UInt64(count) <= limit && address.rawValue <= limit &- UInt64(count)
  }

  /// The byte under a user address, if EL0 may read or write it; faults it in if it is not there.
  ///
  /// Good for the rest of the page.
  @inline(__always)
  mutating func userPointer(
    _ address: VirtualAddress, write: Bool
  ) -> UnsafeMutableRawPointer? {
    if let slot = tables.entry(for: address) {
      let descriptor = slot.pointee
      if allows(descriptor, write: write) {
        return unsafe pointer(to: address, descriptor)
      }
    }
    return unsafe userPointerSlow(address, write: write)
  }

  /// Valid, EL0's, accessed, and for a write open to writes: the MMU would let it through at once.
  @inline(__always) func allows(_ descriptor: Descriptor, write: Bool) -> Bool {
    typealias Attributes = Descriptor.Attributes
    let needed =
      Attributes.valid.rawValue | Attributes.user.rawValue | Attributes.accessed.rawValue
    guard descriptor.rawValue & needed == needed else { return false }
    return !write || descriptor.rawValue & Descriptor.Attributes.readOnly.rawValue == 0
  }

  @inline(__always) func pointer(
    to address: VirtualAddress, _ descriptor: Descriptor
  ) -> UnsafeMutableRawPointer {
    let frame = descriptor.output(in: board.translation)
    return unsafe board.pointer(to: frame + address.offset(in: pageSize))
  }

  @inline(never)
  mutating func userPointerSlow(
    _ address: VirtualAddress, write: Bool
  ) -> UnsafeMutableRawPointer? {
    if address >= taskSize { return unsafe windowPointer(address) }
    // What a CPU with FEAT_HAFDBS does without a fault is done here without one too.
    if board.hasHardwareAccessAndDirty, let slot = tables.entry(for: address) {
      let descriptor = slot.pointee
      var new = descriptor.madeYoung
      if write, descriptor.isWritable {
        new = Descriptor(new.rawValue & ~Descriptor.Attributes.readOnly.rawValue)
      }
      if new != descriptor, allows(new, write: write) {
        slot.pointee = new
        if write { invalidatePage(address.alignedDown(to: pageSize)) }
        return unsafe pointer(to: address, new)
      }
    }
    frames.pointee.servesCopy = true
    defer { frames.pointee.servesCopy = false }
    // A fault may only have set the access flag; the write then takes another.
    for _ in 0..<3 {
      var outcome = serveFault(at: address, write ? [.write, .kernel] : .kernel)
      while outcome == .beingRead {
        waitForAwaited()
        outcome = serveFault(at: address, write ? [.write, .kernel] : .kernel)
      }
      // A frame that could not even be lent was noted: the call fails with EFAULT, and is made again.
      guard outcome == .resolved else { return nil }
      if let slot = tables.entry(for: address), allows(slot.pointee, write: write) {
        return unsafe pointer(to: address, slot.pointee)
      }
    }
    return nil
  }
}
