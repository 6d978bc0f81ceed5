import BoardFormat
import KernelAssembly
import MemoryTypes

/// The output ring (``OutputRing``), the kernel's end of it.
///
/// A byte on the serial line costs a system call of the emulator; a byte in the ring costs a part
/// of a copy.
extension VirtBoard {
  /// Puts frames into the ring and rings the bell; false where there is no ring.
  func writeToRing(_ channel: ConsoleFrame.Channel, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let area = header.pointee.output
    guard area.start != 0, area.length > UInt64(OutputRing.dataOffset) else { return false }
    let base = unsafe pointer(to: PhysicalAddress(area.start))
    let size = Int(area.length) &- OutputRing.dataOffset
    var at = 0
    repeat {
      let count = min(bytes.count &- at, OutputRing.largestFrame &- ConsoleFrame.headerLength)
      let head: InlineArray<4, UInt8> = [
        ConsoleFrame.sync, channel.rawValue, UInt8(truncatingIfNeeded: count),
        UInt8(truncatingIfNeeded: count &>> 8),
      ]
      unsafe waitForRoom(base, size)
      var produced = unsafe base.load(fromByteOffset: OutputRing.producedOffset, as: UInt64.self)
      let span = head.span
      unsafe span.withUnsafeBytes { unsafe put($0, base, size, &produced) }
      unsafe put(UnsafeRawBufferPointer(rebasing: bytes[at..<at &+ count]), base, size, &produced)
      unsafe base.storeBytes(
        of: produced, toByteOffset: OutputRing.producedOffset, as: UInt64.self)
      barrier_dsb_ishst()
      ring()
      at &+= count
    } while at < bytes.count
    return true
  }

  /// Copies bytes to the ring's next places, around its end where they reach it.
  private func put(
    _ bytes: UnsafeRawBufferPointer, _ base: UnsafeMutableRawPointer, _ size: Int,
    _ produced: inout UInt64
  ) {
    guard let source = bytes.baseAddress else { return }
    let place = Int(truncatingIfNeeded: produced) & (size &- 1)
    let first = min(bytes.count, size &- place)
    // SAFETY: place + first is within the ring, and so is the rest from its start.
    unsafe (base + OutputRing.dataOffset + place).copyMemory(from: source, byteCount: first)
    if first < bytes.count {
      unsafe (base + OutputRing.dataOffset).copyMemory(
        from: source + first, byteCount: bytes.count &- first)
    }
    produced &+= UInt64(bytes.count)
  }

  /// Waits until the largest frame fits, which it always does: the bell stops the machine before.
  private func waitForRoom(_ base: UnsafeMutableRawPointer, _ size: Int) {
    let consumed = unsafe UInt64(UInt(bitPattern: base + OutputRing.consumedOffset))
    let produced = unsafe base.load(fromByteOffset: OutputRing.producedOffset, as: UInt32.self)
    while Int(produced &- device_read(consumed)) &+ OutputRing.largestFrame > size { ring() }
  }
}
