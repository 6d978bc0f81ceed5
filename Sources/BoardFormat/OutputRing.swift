/// The fast way out of the machine: a ring in the board file that carries the console's frames.
///
/// ```
/// 0      produced   bytes that the kernel has put in since it started
/// 64     consumed   bytes that the tool has taken out
/// 4096   the ring   a power of two; byte n of all lies at n modulo the ring's size
/// ```
/// The kernel puts whole frames in, none longer than ``largestFrame``, moves `produced`, and sends
/// the byte ``doorbell`` on the serial line, between frames there. When the ring is full it goes on
/// ringing: the line is a pipe, so that in the end the machine stands still until the tool has
/// taken something out. The serial line itself still carries frames: those of a kernel that is
/// starting, or dying.
public enum OutputRing {
  @inlinable public static var producedOffset: Int { 0 }
  @inlinable public static var consumedOffset: Int { 64 }
  @inlinable public static var dataOffset: Int { 4096 }
  /// The most bytes of a frame, its header included.
  @inlinable public static var largestFrame: Int { 1 << 15 }
  /// The byte on the serial line that says: there is something in the ring.
  @inlinable public static var doorbell: UInt8 { 0xA6 }
}
