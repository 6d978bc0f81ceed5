/// LZ4's block format: sequences of literals and a match each.
///
/// A sequence is a token (high half: literals, low half: length of the match less four; 15 in either
/// goes on in bytes until one is not 255), the literals, and the distance, 16 bits. The last sequence
/// has literals alone: the last five bytes of a block are such, and no match begins in its last
/// twelve.
enum LZ4 {
  private static var lastLiterals: Int { 5 }
  private static var lastStart: Int { 12 }

  static func compress(_ source: ByteSource, _ target: ByteTarget, _ table: MatchTable) -> Int? {
    let count = source.count
    var out = 0
    var anchor = 0
    if count > lastStart {
      _ = table.swap(source.word32(0), at: 0)
      let end = count &- lastLiterals
      let last = count &- lastStart
      var at = 1
      while at <= last {
        let word = source.word32(at)
        let earlier = table.swap(word, at: at)
        guard earlier < at, source.word32(earlier) == word else {
          // The longer nothing is found the wider the steps: random bytes are passed quickly.
          at &+= 1 &+ (at &- anchor) &>> 6
          if out &+ at &- anchor >= target.room &+ 64 { return nil }
          continue
        }
        var start = at
        var match = earlier
        while start > anchor, match > 0, source[start &- 1] == source[match &- 1] {
          start &-= 1
          match &-= 1
        }
        let length = source.commonLength(start, match, end: end)
        let literals = start &- anchor
        guard out &+ literals &+ literals / 255 &+ length / 255 &+ 8 < target.room else {
          return nil
        }
        let token = out
        out = emit(source, anchor, literals, target, out)
        target.set16(start &- match, at: out)
        out &+= 2
        let rest = length &- 4
        target[token] |= UInt8(truncatingIfNeeded: min(rest, 15))
        if rest >= 15 { out = extend(rest &- 15, target, out) }
        at = start &+ length
        anchor = at
      }
    }
    let literals = count &- anchor
    guard out &+ literals &+ literals / 255 &+ 8 < target.room else { return nil }
    return emit(source, anchor, literals, target, out)
  }

  /// A token with its literals; the place behind them.
  @inline(__always)
  private static func emit(
    _ source: ByteSource, _ from: Int, _ literals: Int, _ target: ByteTarget, _ place: Int
  ) -> Int {
    var out = place &+ 1
    target[place] = UInt8(truncatingIfNeeded: min(literals, 15) &<< 4)
    if literals >= 15 { out = extend(literals &- 15, target, out) }
    target.copy(source, from, literals, to: out)
    return out &+ literals
  }

  @inline(__always)
  private static func extend(_ value: Int, _ target: ByteTarget, _ place: Int) -> Int {
    var value = value
    var out = place
    while value >= 255 {
      target[out] = 255
      out &+= 1
      value &-= 255
    }
    target[out] = UInt8(truncatingIfNeeded: value)
    return out &+ 1
  }

  /// The bytes that were written; nil where the source makes no sense.
  static func decompress(_ source: ByteSource, _ target: ByteTarget) -> Int? {
    var at = 0
    var out = 0
    while at < source.count {
      let token = source[at]
      at &+= 1
      var literals = Int(token &>> 4)
      if literals == 15 {
        guard let more = continuation(source, &at) else { return nil }
        literals &+= more
      }
      guard literals <= source.count &- at, literals <= target.room &- out else { return nil }
      target.copy(source, at, literals, to: out)
      at &+= literals
      out &+= literals
      // The last sequence has no match.
      if at == source.count { return token & 15 == 0 ? out : nil }
      guard at &+ 2 <= source.count else { return nil }
      let distance = source.word16(at)
      at &+= 2
      var length = Int(token & 15) &+ 4
      if length == 19 {
        guard let more = continuation(source, &at) else { return nil }
        length &+= more
      }
      guard distance > 0, distance <= out, length <= target.room &- out else { return nil }
      target.repeat(length, distance: distance, at: out)
      out &+= length
    }
    return nil
  }

  @inline(__always)
  private static func continuation(_ source: ByteSource, _ at: inout Int) -> Int? {
    var value = 0
    while at < source.count {
      let byte = source[at]
      at &+= 1
      value &+= Int(byte)
      if byte != 255 { return value }
      // No length is larger than what there can be.
      if value > 1 &<< 20 { return nil }
    }
    return nil
  }
}
