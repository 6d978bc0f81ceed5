import Arm64
import BoardFormat
import KernelAssembly
public import KernelLog
public import MemoryTypes
import Tasks

/// The kernel's log, and what of it goes to the tool at once.
extension VirtBoard {
  public var kernelLog: KernelPointer<KernelLog>? {
    // SAFETY: `startLog` made it, before anything else could run.
    unsafe KernelPointer(kernel_log().assumingMemoryBound(to: KernelLog.self))
  }

  public func showLog(_ lines: UnsafeRawBufferPointer) { unsafe write(.log, lines) }

  /// As the reports name code: functions of the kernel and of modules.
  public func describeCode(at address: VirtualAddress, _ put: (UInt8) -> Void) {
    var line = LogLine()
    Symbols.append(address.rawValue, to: &line)
    unsafe line.withBytes { bytes in
      for index in 0..<bytes.count { unsafe put(bytes[index]) }
    }
  }

  public func describeTaint(_ put: (UInt8) -> Void) {
    var line = LogLine()
    Taint.describe(&line)
    unsafe line.withBytes { bytes in
      for index in 0..<bytes.count { unsafe put(bytes[index]) }
    }
  }

  /// By the chain of frame records, which rises through this stack and ends with 0.
  public func forEachCaller(_ body: (VirtualAddress) -> Void) {
    var frame = read_frame_pointer()
    let limit = frame &+ 65536
    while frame & 7 == 0, frame != 0, frame < limit {
      // SAFETY: a frame record of this stack: the next one and the return address.
      let record = unsafe UnsafePointer<UInt64>(bitPattern: UInt(frame)).unsafelyUnwrapped
      let (next, caller) = unsafe (record[0], record[1])
      guard caller != 0 else { return }
      body(VirtualAddress(caller))
      guard next > frame else { return }
      frame = next
    }
  }

  /// Makes the empty log.
  static func startLog() {
    precondition(MemoryLayout<KernelLog>.size <= 4096)
    // SAFETY: the image has so many bytes there, for nothing else.
    unsafe kernel_log().bindMemory(to: KernelLog.self, capacity: 1).initialize(
      to: KernelLog(ring: kernel_log_ring(), size: UInt64(KERNEL_LOG_RING_SIZE)))
  }
}

extension LogLine {
  /// Logs the line and empties it.
  mutating func send(_ level: LogLevel = .emergency) {
    VirtBoard().log(level, &self)
    clear()
  }
}
