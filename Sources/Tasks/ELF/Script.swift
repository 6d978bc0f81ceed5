public import MemoryTypes

/// The first line of a script: `#!interpreter [argument]`, as offsets into the probed bytes.
///
/// fs/binfmt_script.c:load_script(), for a probe of 256 bytes with zeros behind a short file.
public struct ScriptLine: Hashable, Sendable {
  public let interpreter: Range<Int>
  public let argument: Range<Int>?

  /// Reads the line; ENOEXEC where the file is no script or names no whole interpreter.
  public init(_ probe: RawSpan) throws(Errno) {
    func byte(_ at: Int) -> UInt8 { probe.read(UInt8.self, at: at) }
    func isBlank(_ c: UInt8) -> Bool { c == 0x20 || c == 0x09 }
    /// The first byte of `range` that is neither space nor tab (`next_non_spacetab()`).
    func word(_ range: Range<Int>) -> Int? {
      for at in range where !isBlank(byte(at)) { return at }
      return nil
    }
    /// The first space, tab or zero of `range` (`next_terminator()`).
    func terminator(_ range: Range<Int>) -> Int? {
      for at in range where isBlank(byte(at)) || byte(at) == 0 { return at }
      return nil
    }

    guard probe.byteCount >= 3, byte(0) == 0x23, byte(1) == 0x21 else { throw .ENOEXEC }
    let last = probe.byteCount &- 1
    var end = last
    var hasNewline = false
    // strnchr() stops at a zero.
    for at in 0..<probe.byteCount {
      if byte(at) == 0x0a {
        end = at
        hasNewline = true
        break
      }
      if byte(at) == 0 { break }
    }
    if !hasNewline {
      // Without a newline the path must at least end within what was probed.
      guard let name = word(2..<last), terminator(name..<last) != nil else { throw .ENOEXEC }
      end = last
    }
    while end > 2 && isBlank(byte(end &- 1)) { end &-= 1 }
    guard let name = word(2..<end), name != end else { throw .ENOEXEC }
    // A zero ends the path as it ends any C string.
    let pathEnd = terminator(name..<end) ?? end
    guard pathEnd > name else { throw .ENOEXEC }
    interpreter = name..<pathEnd
    var found: Range<Int>?
    if pathEnd < end, byte(pathEnd) != 0, let start = word(pathEnd..<end) {
      var stop = start
      while stop < end && byte(stop) != 0 { stop &+= 1 }
      if stop > start { found = start..<stop }
    }
    argument = found
  }
}
