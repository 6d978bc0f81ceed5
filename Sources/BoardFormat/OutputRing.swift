/// The fast way out of the machine: a ring in the board file that carries the console's frames.
///
/// ```
/// 0      produced   bytes that the kernel has put in since it started
/// 64     consumed   bytes that the tool has taken out
/// 4096   the ring   a power of two; byte n of all lies at n modulo the ring's size
/// ```
/// The kernel puts whole frames in, none longer than ``largestFrame``, and for each moves `produced`
/// and sends the byte ``doorbell`` on the serial line, between frames there. The line is a pipe that
/// holds ``pipeSize`` bytes, and the tool empties the ring before it reads more of them: so QEMU
/// stands still, in the middle of a store of the guest, long before the ring of ``size`` bytes can
/// be full, and the kernel has nothing to wait for. How fast the tool reads is no part of what the
/// machine does. The serial line itself still carries frames: those of a kernel that is starting,
/// or dying.
public enum OutputRing {
  @inlinable public static var producedOffset: Int { 0 }
  @inlinable public static var consumedOffset: Int { 64 }
  @inlinable public static var dataOffset: Int { 4096 }
  /// The most bytes of a frame, its header included.
  @inlinable public static var largestFrame: Int { 1 << 12 }
  /// The bytes that the serial line holds until the tool reads them.
  @inlinable public static var pipeSize: Int { 1 << 12 }
  /// The bytes of the ring itself: more than pipeSize + 2 of the largest frames.
  @inlinable public static var size: Int { 1 << 25 }
  /// The byte on the serial line that says: there is something in the ring.
  @inlinable public static var doorbell: UInt8 { 0xA6 }
}
