import Arm64
import BoardFormat
public import MemoryTypes

extension FileSystem {
  /// Whether a file is a terminal that somebody sits at.
  public func isTerminal(_ file: KernelPointer<OpenFile>) -> Bool {
    guard case .device(let device) = file.pointee.inode.pointee.kind else { return false }
    return device.isConsole && state.pointee.isInteractive
  }

  func read(
    _ device: CharacterDevice, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    switch device {
    case .null: return 0
    case .zero, .full:
      let done = try sinkZeros(Int(count), sink)
      guard done > 0 || count == 0 else { throw .EFAULT }
      return done
    case .random, .urandom: return try readRandom(Int(count), sink)
    case .console, .terminal, .standardError, .standardOutput:
      return try readConsole(Int(count), sink)
    case .kernelMessages: throw .EBADF
    }
  }

  /// Standard input: what the tool supplied, or what is typed.
  private func readConsole(_ count: Int, _ sink: ByteSink) throws(Errno) -> Int {
    guard count > 0 else { return 0 }
    if state.pointee.isInteractive {
      guard let surroundings else { return 0 }
      var typed = InlineArray<32, UInt64>(repeating: 0)
      return try typed.withRoom(min(count, 256)) { (room) throws(Errno) in
        let length = try surroundings.pointee.consoleRead(surroundings.pointee.context, room)
        guard length > 0 else { return 0 }
        let taken = try sink(room.prefix(length).contents)
        guard taken > 0 else { throw Errno.EFAULT }
        return taken
      }
    }
    let place = state.pointee.inputRead
    let length = min(UInt64(count), input.length &- place)
    guard length > 0 else { return 0 }
    // SAFETY: inside the area that was handed in at the start.
    let taken = try sink(
      unsafe ByteString(
        UnsafeRawBufferPointer(start: input.bytes(at: place), count: Int(length))))
    guard taken > 0 else { throw .EFAULT }
    state.pointee.inputRead = place &+ UInt64(taken)
    return taken
  }

  /// Bytes of a generator that begins the same at every start: a run must repeat.
  func readRandom(_ count: Int, _ sink: ByteSink) throws(Errno) -> Int {
    var done = 0
    while done < count {
      var words = InlineArray<32, UInt64>(repeating: 0)
      for index in 0..<32 { words[index] = nextRandom() }
      let length = min(count &- done, 256)
      let taken = try words.withBytes(length, sink)
      done &+= taken
      guard taken == length else {
        if done == 0 { throw .EFAULT }
        break
      }
    }
    return done
  }

  /// 64 bits of the kernel's generator (SplitMix64): `/dev/urandom`, getrandom, AT_RANDOM.
  public func nextRandom() -> UInt64 {
    state.pointee.random &+= 0x9e37_79b9_7f4a_7c15
    var z = state.pointee.random
    z = (z ^ z &>> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z &>> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z &>> 31
  }

  /// Random bytes into a program's buffer (getrandom).
  public func random(_ count: ByteCount, _ sink: ByteSink) throws(Errno) -> Int {
    try readRandom(Int(min(count.rawValue, maximumTransfer)), sink)
  }

  func write(
    _ device: CharacterDevice, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    switch device {
    case .null, .zero: return Int(count)
    case .full: throw .ENOSPC
    case .random, .urandom:
      return try drain(Int(count), source) { _ in }
    case .console, .terminal, .standardOutput:
      return try writeConsole(.standardOutput, Int(count), source)
    case .standardError: return try writeConsole(.standardError, Int(count), source)
    case .kernelMessages: throw .EBADF
    }
  }

  private func writeConsole(
    _ channel: ConsoleFrame.Channel, _ count: Int, _ source: ByteSource
  ) throws(Errno) -> Int {
    try drain(count, source) { bytes in
      surroundings?.pointee.write(bytes, on: channel)
    }
  }

  /// Takes bytes from a source through a buffer on the stack.
  private func drain(
    _ count: Int, _ source: ByteSource, _ body: (ByteString) -> Void
  ) throws(Errno) -> Int {
    var buffer = InlineArray<128, UInt64>(repeating: 0)
    var done = 0
    while done < count {
      let length = min(count &- done, 1024)
      let taken = try buffer.withRoom(length) { (room) throws(Errno) in
        let taken = try source(room)
        body(room.prefix(taken).contents)
        return taken
      }
      done &+= taken
      guard taken == length else {
        if done == 0 { throw .EFAULT }
        break
      }
    }
    return done
  }
}
