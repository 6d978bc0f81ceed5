extension LZO {
  /// Where reading stands.
  private struct Input {
    let source: ByteSource
    var at = 0

    @inline(__always) mutating func byte() -> Int? {
      guard at < source.count else { return nil }
      at &+= 1
      return Int(source[at &- 1])
    }

    @inline(__always) mutating func word() -> Int? {
      guard at &+ 2 <= source.count else { return nil }
      at &+= 2
      return source.word16(at &- 2)
    }

    /// A length of so many bits, or what goes on behind it where they are zero.
    @inline(__always) mutating func length(_ field: Int, _ bits: Int) -> Int? {
      if field != 0 { return field }
      var value = 1 &<< bits &- 1
      while let byte = byte() {
        if byte != 0 { return value &+ byte }
        value &+= 255
        if value > 1 &<< 20 { return nil }
      }
      return nil
    }
  }

  /// A match, and the literals behind it.
  private struct Match {
    var distance: Int
    var length: Int
    var literals: Int
    /// A run of zeros instead of a match.
    var isZeros = false
  }

  /// The bytes that were written; nil where the source makes no sense.
  static func decompress(_ source: ByteSource, _ target: ByteTarget) -> Int? {
    var input = Input(source: source)
    var out = 0
    var hasRuns = false
    if source.count >= 5, source[0] == 17 {
      guard source[1] <= 1 else { return nil }
      hasRuns = source[1] == 1
      input.at = 2
    }
    // Literals copied by the last instruction: none, one to three, or more (4).
    var state = 0
    if input.at < source.count, source[input.at] > 17 {
      let count = Int(source[input.at]) &- 17
      input.at &+= 1
      guard copy(count, &input, target, &out) else { return nil }
      state = min(count, 4)
    }
    while let code = input.byte() {
      if code < 16 && state == 0 {
        guard let length = input.length(code, 4),
          copy(length &+ 3, &input, target, &out)
        else { return nil }
        state = 4
        continue
      }
      guard let match = match(code, state, hasRuns, &input) else { return nil }
      if match.isZeros {
        guard match.length <= target.room &- out else { return nil }
        target.clear(match.length, at: out)
      } else {
        // The end of the stream, which nothing may follow.
        if match.distance == 0 { return input.at == source.count ? out : nil }
        guard match.distance <= out, match.length <= target.room &- out else { return nil }
        target.repeat(match.length, distance: match.distance, at: out)
      }
      out &+= match.length
      state = match.literals
      if state > 0 {
        guard copy(state, &input, target, &out) else { return nil }
      }
    }
    return nil
  }

  @inline(__always)
  private static func copy(
    _ count: Int, _ input: inout Input, _ target: ByteTarget, _ out: inout Int
  ) -> Bool {
    guard count <= input.source.count &- input.at, count <= target.room &- out else { return false }
    target.copy(input.source, input.at, count, to: out)
    input.at &+= count
    out &+= count
    return true
  }

  @inline(__always)
  private static func match(
    _ code: Int, _ state: Int, _ hasRuns: Bool, _ input: inout Input
  ) -> Match? {
    if code >= 64 {
      guard let high = input.byte() else { return nil }
      return Match(
        distance: high &<< 3 &+ (code &>> 2) & 7 &+ 1, length: code &>> 5 &+ 1,
        literals: code & 3)
    }
    if code >= 32 {
      guard let length = input.length(code & 31, 5), let word = input.word() else { return nil }
      return Match(distance: word &>> 2 &+ 1, length: length &+ 2, literals: word & 3)
    }
    if code >= 16 { return farMatch(code, hasRuns, &input) }
    guard let high = input.byte() else { return nil }
    let near = high &<< 2 &+ code &>> 2 &+ 1
    return state == 4
      ? Match(distance: near &+ 0x800, length: 3, literals: code & 3)
      : Match(distance: near, length: 2, literals: code & 3)
  }

  /// More than 16 KiB away, the end, or zeros.
  @inline(__always)
  private static func farMatch(_ code: Int, _ hasRuns: Bool, _ input: inout Input) -> Match? {
    if hasRuns, code & 8 != 0, input.at &+ 3 <= input.source.count {
      let word = input.source.word16(input.at)
      if word & 0xFFFC == 0xFFFC {
        let run = Int(input.source[input.at &+ 2]) &<< 3 | code & 7
        input.at &+= 3
        return Match(distance: 0, length: run &+ 4, literals: word & 3, isZeros: true)
      }
    }
    guard let length = input.length(code & 7, 3), let word = input.word() else { return nil }
    let distance = (code & 8) &<< 11 &+ word &>> 2
    return Match(
      distance: distance == 0 ? 0 : distance &+ 0x4000, length: length &+ 2, literals: word & 3)
  }
}
