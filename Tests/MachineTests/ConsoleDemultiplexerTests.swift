import BoardFormat
import Testing

@testable import Machine

@Suite struct ConsoleDemultiplexerTests {
  typealias Event = ConsoleDemultiplexer.Event

  private func frame(_ channel: ConsoleFrame.Channel, _ payload: [UInt8]) -> [UInt8] {
    [0xA5, channel.rawValue, UInt8(payload.count & 255), UInt8(payload.count >> 8)] + payload
  }

  private func end(_ reason: UInt8, _ status: UInt8) -> [UInt8] {
    frame(
      .end,
      [reason, 0, 0, 0, status, 0, 0, 0] + [1] + [UInt8](repeating: 0, count: 7)
        + [2] + [UInt8](repeating: 0, count: 7))
  }

  /// The events, neighbours on one stream joined, whatever pieces the bytes came in.
  private func events(_ bytes: [UInt8], pieces: Int) -> ([Event], ConsoleDemultiplexer) {
    var demultiplexer = ConsoleDemultiplexer()
    var events: [Event] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      events += demultiplexer.receive(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
    events += demultiplexer.finish()
    var joined: [Event] = []
    for event in events {
      switch (joined.last, event) {
      case (.standardOutput(let a), .standardOutput(let b)):
        joined[joined.count - 1] = .standardOutput(a + b)
      case (.standardError(let a), .standardError(let b)):
        joined[joined.count - 1] = .standardError(a + b)
      default: joined.append(event)
      }
    }
    return (joined, demultiplexer)
  }

  @Test(arguments: [1, 2, 3, 5, 7, 100_000]) func streamsAreTakenApart(pieces: Int) {
    let long = [UInt8](repeating: 0xA5, count: 65_535)
    let bytes =
      frame(.standardOutput, long) + frame(.log, Array("one\ntw".utf8))
      + frame(.standardError, [1, 2]) + frame(.log, Array("o\n".utf8)) + frame(.standardOutput, [])
      + frame(.textBegin, Array("maps".utf8)) + frame(.text, [65]) + frame(.text, [66, 10])
      + frame(.textBegin, Array("smaps".utf8)) + end(1, 11)
    let (events, demultiplexer) = events(bytes, pieces: pieces)
    #expect(
      events == [
        .standardOutput(long), .log("one"), .standardError([1, 2]), .log("two"),
        .end(reason: .signalled, status: 11, address: 1, programCounter: 2),
      ])
    #expect(demultiplexer.texts.map(\.name) == ["maps", "smaps"])
    #expect(demultiplexer.texts.first?.bytes == [65, 66, 10])
  }

  @Test(arguments: [1, 4, 1000]) func brokenFramesAreLog(pieces: Int) {
    // Firmware's text; a sync byte without a channel; two of them; a frame that never ends.
    let bytes =
      Array("boot\n".utf8) + [0xA5, 0x7F, 10] + [0xA5] + frame(.standardOutput, [88])
      + [0xA5, 3, 200, 0] + Array("dying".utf8)
    let (events, _) = events(bytes, pieces: pieces)
    #expect(events.first == .log("boot"))
    #expect(events.contains(.standardOutput([88])))
    guard case .log(let last)? = events.last else {
      Issue.record("no log at the end")
      return
    }
    #expect(last.hasSuffix("dying"))
  }

  @Test(arguments: [[], [9, 0, 0, 0], [UInt8](repeating: 9, count: 24)] as [[UInt8]])
  func anEndThatIsNoneIsLog(payload: [UInt8]) {
    let (events, _) = events(frame(.end, payload), pieces: 3)
    #expect(events == [.log("a malformed end record")])
  }

  @Test func anyBytesAtAllAreSurvived() {
    var seed: UInt64 = 42
    var bytes: [UInt8] = []
    for _ in 0..<200_000 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1
      let byte = UInt8(truncatingIfNeeded: seed >> 33)
      bytes.append(byte % 5 == 0 ? 0xA5 : byte % 5 == 1 ? byte % 8 : byte)
    }
    _ = events(bytes, pieces: 1000)
  }
}
