import BoardFormat
import Glibc

/// The serial line of a running machine: read, taken apart and passed on until the machine ends.
struct Console {
  private let process: ChildProcess
  /// Takes out what is in the output ring.
  private let ring: () -> [UInt8]
  /// The serial line's frames, and the ring's.
  private var line = ConsoleDemultiplexer()
  private var ringFrames = ConsoleDemultiplexer()
  private(set) var log: [String] = []
  /// What the kernel sends of the folders that are taken back.
  private(set) var export: ExportReceiver
  private var ending: Ending?
  /// The version of the board file that the kernel wants instead of ours.
  private(set) var wantedVersion: UInt32?
  /// What the emulator itself complained of.
  private var complaints: [UInt8] = []
  /// Typed, and not yet taken by the machine.
  private var typed: [UInt8] = []

  var texts: [(name: String, bytes: [UInt8])] { ringFrames.texts + line.texts }

  init(process: ChildProcess, ring: @escaping () -> [UInt8], exportLimit: UInt64 = 0) {
    self.process = process
    self.ring = ring
    export = ExportReceiver(limit: exportLimit)
  }

  /// Asks the machine to end, and takes what it says until it has ended, but not for longer than
  /// so many seconds, nor when it is asked for a second time.
  ///
  /// What the guest writes goes nowhere any more.
  mutating func end(within seconds: Int, signals: Int32) throws(MachineError) {
    var request = ConsoleFrame.endRequest
    _ = fcntl(process.input, F_SETFL, O_NONBLOCK)
    _ = unsafe write(process.input, &request, 1)
    _ = try watch(
      signals: signals, types: false, timeout: seconds, output: { _, _ in true }, trace: { _ in })
  }

  /// Sees the run through to any end.
  mutating func watch(
    signals: Int32, types: Bool, timeout: Int?, output: MachineRun.Output,
    trace: ([UInt8]) -> Void
  ) throws(MachineError) -> Ending {
    var types = types
    let deadline = timeout.map { Self.milliseconds() + $0 * 1000 }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    if types { _ = fcntl(process.input, F_SETFL, O_NONBLOCK) }
    while true {
      var wait: Int32 = -1
      if let deadline {
        let left = deadline - Self.milliseconds()
        guard left > 0 else { return .timedOut(seconds: timeout ?? 0) }
        wait = Int32(clamping: left)
      }
      var watched = [
        pollfd(fd: process.output, events: Int16(POLLIN), revents: 0),
        pollfd(fd: process.errors, events: Int16(POLLIN), revents: 0),
        pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        pollfd(fd: types && typed.isEmpty ? 0 : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: typed.isEmpty ? -1 : process.input, events: Int16(POLLOUT), revents: 0),
      ]
      let ready = unsafe poll(&watched, nfds_t(watched.count), wait)
      if ready < 0 && errno != EINTR { throw .failure("poll: \(HostFile.reason())") }
      guard ready > 0 else { continue }

      if watched[2].revents != 0, let signal = Signals.next() {
        return .interrupted(signal: signal)
      }
      if watched[3].revents != 0 { types = type(&buffer) }
      if watched[4].revents != 0 { sendTyped() }
      if watched[1].revents != 0 {
        complaints += Self.read(process.errors, &buffer) ?? []
      }
      if watched[0].revents != 0 {
        guard let bytes = Self.read(process.output, &buffer), !bytes.isEmpty else {
          return ended(output, trace)
        }
        guard handle(line.receive(bytes), output, trace) else { return .outputClosed }
      }
    }
  }

  /// Passes on what came; false when nobody takes the guest's output any more.
  private mutating func handle(
    _ events: [ConsoleDemultiplexer.Event], _ output: MachineRun.Output,
    _ trace: ([UInt8]) -> Void
  ) -> Bool {
    for event in events {
      switch event {
      case .standardOutput(let bytes): guard output(.standardOutput, bytes) else { return false }
      case .standardError(let bytes): guard output(.standardError, bytes) else { return false }
      case .log(let line): log.append(line)
      case .trace(let bytes): trace(bytes)
      case .export(let bytes): export.receive(bytes)
      case .doorbell: guard handle(ringFrames.receive(ring()), output, trace) else { return false }
      case .end(let reason, let status, let address, let programCounter):
        if reason == .otherVersion { wantedVersion = status }
        ending =
          switch reason {
          case .exited: .exited(status: status)
          case .signalled:
            .signalled(number: status, address: address, programCounter: programCounter)
          case .outOfMemory: .outOfMemory
          case .notStarted: .notStarted(errno: status)
          case .kernelFault, .otherVersion: .kernelFault
          case .stopped: .stopped(call: status, programCounter: programCounter)
          }
      }
    }
    return true
  }

  /// The emulator closed the line: the machine's end, if the kernel said how, or the emulator's.
  private mutating func ended(
    _ output: MachineRun.Output, _ trace: ([UInt8]) -> Void
  ) -> Ending {
    _ = handle(ringFrames.receive(ring()), output, trace)
    _ = handle(ringFrames.finish() + line.finish(), output, trace)
    if let ending { return ending }
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    while let more = Self.read(process.errors, &buffer), !more.isEmpty { complaints += more }
    let status = process.wait()
    let said = String(decoding: complaints, as: UTF8.self).split(separator: "\n").first
    if let said, status != 0 { return .emulatorFailed("QEMU: \(said)") }
    let signal = status & 0x7f
    if signal != 0 { return .emulatorFailed("QEMU was ended by signal \(signal)") }
    return .emulatorFailed("the machine went off without a word (QEMU's status \(status >> 8))")
  }

  /// Takes what was typed; false when no more will come.
  ///
  /// The end of it reaches the guest as ^D.
  private mutating func type(_ buffer: inout [UInt8]) -> Bool {
    let bytes = Self.read(STDIN_FILENO, &buffer) ?? []
    typed =
      bytes.isEmpty
      ? [ConsoleFrame.endOfTyping] : bytes.filter { $0 != ConsoleFrame.endRequest }
    return !bytes.isEmpty
  }

  private mutating func sendTyped() {
    let count = unsafe write(process.input, typed, typed.count)
    if count > 0 { typed.removeFirst(count) }
    if count < 0 && errno != EAGAIN { typed = [] }
  }

  /// What there is to read; empty at the end, nil on an error.
  private static func read(_ descriptor: Int32, _ buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if count >= 0 { return buffer[..<count] }
      guard errno == EINTR else { return nil }
    }
  }

  private static func milliseconds() -> Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
  }
}
