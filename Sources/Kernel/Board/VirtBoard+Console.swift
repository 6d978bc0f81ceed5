public import BoardFormat
import KernelAssembly
import MemoryTypes

/// The PL011, in the fixmap, and the frames on it.
///
/// QEMU's transmits a byte when it is written (hw/char/pl011.c), so nothing waits for room.
extension VirtBoard {
  /// The registers' offsets: data, flags (RXFE), control (UARTEN, TXE, RXE), interrupt mask (RX).
  private static var data: UInt64 { kernel_parameters.uart }
  private static var flags: UInt64 { kernel_parameters.uart &+ 0x18 }
  private static var control: UInt64 { kernel_parameters.uart &+ 0x30 }

  private static var interruptMask: UInt64 { kernel_parameters.uart &+ 0x38 }

  /// Switches transmitter and receiver on.
  func startConsole() { device_write(Self.control, 0x301) }

  /// Lets what is typed end an idle wait, or not: nobody else may see that interrupt, which stays
  /// until the byte is read.
  func letTypingWake(_ wakes: Bool) { device_write(Self.interruptMask, wakes ? 1 &<< 4 : 0) }

  @inline(__always) private func send(_ byte: UInt8) { device_write(Self.data, UInt32(byte)) }

  /// Tells the tool that there is something in the output ring.
  func ring() { send(OutputRing.doorbell) }

  /// Sends bytes on a channel, in as many frames as they take.
  ///
  /// They go through the output ring unless the kernel is dying, and trusts nothing any more.
  public func write(_ channel: ConsoleFrame.Channel, _ bytes: UnsafeRawBufferPointer) {
    if !traced.isEmpty && channel != .trace { sendTrace() }
    if unsafe kernel_variables().pointee.dying == 0, unsafe writeToRing(channel, bytes) { return }
    var at = 0
    repeat {
      let count = min(bytes.count &- at, ConsoleFrame.maximumPayload)
      send(ConsoleFrame.sync)
      send(channel.rawValue)
      send(UInt8(truncatingIfNeeded: count))
      send(UInt8(truncatingIfNeeded: count &>> 8))
      for i in at..<at &+ count { unsafe send(bytes[i]) }
      at &+= count
    } while at < bytes.count
  }

  /// Takes what was typed, without waiting; -1 when the tool has said, by ^D, that no more comes.
  public func readConsole(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var count = 0
    while unsafe count < buffer.count && kernel_variables().pointee.typing_ended == 0
      && device_read(Self.flags) & (1 &<< 4) == 0
    {
      let byte = UInt8(truncatingIfNeeded: device_read(Self.data))
      if byte == ConsoleFrame.endOfTyping {
        unsafe kernel_variables().pointee.typing_ended = 1
      } else if byte == ConsoleFrame.endRequest {
        unsafe kernel_variables().pointee.typing_ended = Self.everythingEnded
      } else {
        unsafe buffer[count] = byte
        count &+= 1
      }
    }
    return unsafe count == 0 && kernel_variables().pointee.typing_ended != 0 ? -1 : count
  }

  /// What `typing_ended` is when not only typing is to end.
  private static var everythingEnded: UInt64 { 2 }

  /// Where input is typed, whoever reads it finds the request; elsewhere nothing else ever comes on
  /// the line, and looking takes what came.
  public var endIsRequested: Bool {
    if unsafe kernel_variables().pointee.typing_ended == Self.everythingEnded { return true }
    guard !isInteractive, device_read(Self.flags) & (1 &<< 4) == 0 else { return false }
    guard UInt8(truncatingIfNeeded: device_read(Self.data)) == ConsoleFrame.endRequest else {
      return false
    }
    unsafe kernel_variables().pointee.typing_ended = Self.everythingEnded
    return true
  }

  /// Whether input is typed.
  var isInteractive: Bool { header.pointee.options.contains(.interactive) }

  /// Sends the record and turns the power off.
  public func powerOff(_ record: EndRecord) -> Never {
    unsafe withUnsafeBytes(of: record) { unsafe write(.end, $0) }
    system_off(kernel_parameters.psci_uses_smc != 0)
  }

  /// Ends a machine that could not even begin.
  static func powerOffBroken() -> Never {
    VirtBoard().powerOff(EndRecord(reason: .kernelFault, status: 0))
  }
}
