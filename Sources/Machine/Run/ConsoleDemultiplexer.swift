package import BoardFormat

/// Takes the serial line apart again into what the guest wrote, what the kernel says, and how the
/// machine ended.
///
/// Bytes that are no frame (a kernel that died while it sent one, firmware) are log. Payloads are
/// passed on as they arrive, whole or in pieces.
package struct ConsoleDemultiplexer: Sendable {
  /// What came off the line.
  package enum Event: Equatable, Sendable {
    case standardOutput([UInt8])
    case standardError([UInt8])
    /// More of what is taken back.
    case export([UInt8])
    /// A line of the kernel's log, without its end.
    case log(String)
    /// The output ring holds something.
    case doorbell
    /// Pieces of ``TraceRecord``s.
    case trace([UInt8])
    case end(reason: EndRecord.Reason, status: UInt32, address: UInt64, programCounter: UInt64)
  }

  /// The texts that came, in order, by name.
  package private(set) var texts: [(name: String, bytes: [UInt8])] = []

  private var state = State.between
  private var logLine: [UInt8] = []
  /// A payload that is needed whole.
  private var collected: [UInt8] = []
  /// What has come since the last call.
  private var events: [Event] = []

  private enum State {
    case between
    /// Within a header; its bytes so far.
    case header([UInt8])
    case payload(ConsoleFrame.Channel, remaining: Int)
  }

  package init() {}

  /// Takes the next bytes and returns what is in them.
  package mutating func receive(_ bytes: some Collection<UInt8>) -> [Event] {
    defer { events = [] }
    take(bytes)
    return events
  }

  private mutating func take(_ bytes: some Collection<UInt8>) {
    var rest = bytes[...]
    while let byte = rest.first {
      switch state {
      case .between:
        if byte == ConsoleFrame.sync {
          state = .header([byte])
          rest = rest.dropFirst()
        } else if byte == OutputRing.doorbell {
          if events.last != .doorbell { events.append(.doorbell) }
          rest = rest.dropFirst()
        } else {
          let stray = rest.prefix { $0 != ConsoleFrame.sync && $0 != OutputRing.doorbell }
          log(stray)
          rest = rest.dropFirst(stray.count)
        }
      case .header(let header):
        rest = rest.dropFirst()
        receive(header: header + [byte])
      case .payload(let channel, let remaining):
        let piece = rest.prefix(remaining)
        rest = rest.dropFirst(piece.count)
        receive(piece, on: channel, isLast: piece.count == remaining)
        state =
          piece.count == remaining
          ? .between : .payload(channel, remaining: remaining - piece.count)
      }
    }
  }

  /// Says that nothing more will come: what is unfinished is log.
  package mutating func finish() -> [Event] {
    defer { events = [] }
    if case .header(let header) = state { log(header) }
    if !logLine.isEmpty { log([UInt8(ascii: "\n")]) }
    state = .between
    return events
  }

  private mutating func receive(header: [UInt8]) {
    guard header.count > 1 else { return }
    guard let channel = ConsoleFrame.Channel(rawValue: header[1]) else {
      // Not a frame: its first byte is log, and the second may be the start of one.
      state = .between
      log(header.prefix(1))
      take(header.dropFirst())
      return
    }
    state = .header(header)
    guard header.count == ConsoleFrame.headerLength else { return }
    let length = Int(header[2]) | Int(header[3]) << 8
    collected = []
    if length == 0 {
      receive([], on: channel, isLast: true)
      state = .between
    } else {
      state = .payload(channel, remaining: length)
    }
  }

  private mutating func receive(
    _ piece: some Collection<UInt8>, on channel: ConsoleFrame.Channel, isLast: Bool,

  ) {
    switch channel {
    case .standardOutput: if !piece.isEmpty { events.append(.standardOutput(Array(piece))) }
    case .standardError: if !piece.isEmpty { events.append(.standardError(Array(piece))) }
    case .log: log(piece)
    case .trace: if !piece.isEmpty { events.append(.trace(Array(piece))) }
    case .export: if !piece.isEmpty { events.append(.export(Array(piece))) }
    case .text: if !texts.isEmpty { texts[texts.count - 1].bytes += piece }
    case .textBegin:
      collected += piece
      if isLast { texts.append((String(decoding: collected, as: UTF8.self), [])) }
    case .end:
      collected += piece
      if isLast { end() }
    }
  }

  private mutating func end() {
    func number(_ offset: Int, _ size: Int) -> UInt64 {
      collected[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    guard collected.count == MemoryLayout<EndRecord>.size,
      let reason = EndRecord.Reason(rawValue: UInt32(number(0, 4)))
    else {
      log(Array("a malformed end record\n".utf8))
      return
    }
    events.append(
      .end(
        reason: reason, status: UInt32(number(4, 4)), address: number(8, 8),
        programCounter: number(16, 8)))
  }

  private mutating func log(_ bytes: some Collection<UInt8>) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        events.append(.log(String(decoding: logLine, as: UTF8.self)))
        logLine = []
      } else {
        logLine.append(byte)
      }
    }
  }
}
