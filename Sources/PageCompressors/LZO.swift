/// LZO's stream, compressing: matches of five encodings, by their length and distance.
///
/// One to three literals are counted in two bits of the instruction before them, longer rows have an
/// instruction of their own. Version 1 has runs of zeros as an instruction, too: four bytes for up to
/// 2,051 zeros. The stream ends with a match of distance 16,384 and no length.
struct LZO: BitwiseCopyable {
  let hasRuns: Bool

  /// The largest distance that has an encoding; in version 1 one less, which says "zeros".
  private var farthest: Int { hasRuns ? 0xBFFE : 0xBFFF }
  private static var longestRun: Int { 2051 }

  /// What has been written, and where the literals that follow are counted.
  private struct Output {
    let target: ByteTarget
    var place = 0
    /// The byte whose lowest two bits count the next one to three literals; -1 before the first
    /// instruction.
    var state = -1

    @inline(__always) mutating func append(_ byte: Int) {
      target[place] = UInt8(truncatingIfNeeded: byte)
      place &+= 1
    }

    /// The part of a length that its instruction has no room for: 255 for each zero byte, and the
    /// last byte.
    @inline(__always) mutating func extend(_ length: Int) {
      var rest = length
      while rest > 255 {
        append(0)
        rest &-= 255
      }
      append(rest)
    }
  }

  func compress(_ source: ByteSource, _ target: ByteTarget, _ table: MatchTable) -> Int? {
    var output = Output(target: target)
    if hasRuns {
      output.append(17)
      output.append(1)
    }
    let count = source.count
    let start = output.place
    var anchor = 0
    // One literal at least comes first: what begins a stream is read as a row of literals.
    var at = 1
    while at &+ 4 <= count {
      let word = source.word32(at)
      if word == 0 && hasRuns {
        let end = source.endOfZeros(from: at)
        guard fits(output, at &- anchor, (end &- at) / Self.longestRun &* 4 &+ 4) else {
          return nil
        }
        literals(source, anchor, at &- anchor, start, &output)
        anchor = zeros(at, end, &output)
        at = max(anchor, end &- 3)
        continue
      }
      let earlier = table.swap(word, at: at)
      guard earlier < at, at &- earlier <= farthest, source.word32(earlier) == word else {
        at &+= 1 &+ (at &- anchor) &>> 5
        if output.place &+ at &- anchor >= target.room &+ 64 { return nil }
        continue
      }
      let distance = at &- earlier
      var length = source.commonLength(at, earlier, end: count)
      // Nearly a run of zeros, to who reads it (version 1's ambiguity).
      if hasRuns, distance & 0x803F == 0x803F, length >= 261, length <= 264 { length = 260 }
      guard fits(output, at &- anchor, length / 255) else { return nil }
      literals(source, anchor, at &- anchor, start, &output)
      match(distance, length, &output)
      at &+= length
      anchor = at
    }
    guard fits(output, count &- anchor, 3) else { return nil }
    literals(source, anchor, count &- anchor, start, &output)
    output.append(17)
    output.append(0)
    output.append(0)
    return output.place
  }

  /// Whether so many literals and an instruction with so many bytes more stay below the limit.
  @inline(__always)
  private func fits(_ output: Output, _ literals: Int, _ more: Int) -> Bool {
    output.place &+ literals &+ literals / 255 &+ more &+ 9 < output.target.room
  }

  @inline(__always)
  private func literals(
    _ source: ByteSource, _ from: Int, _ count: Int, _ start: Int, _ output: inout Output
  ) {
    guard count > 0 else { return }
    if output.place == start, count <= 238 {
      output.append(17 &+ count)
    } else if count <= 3 {
      output.target[output.state] |= UInt8(truncatingIfNeeded: count)
    } else if count <= 18 {
      output.append(count &- 3)
    } else {
      output.append(0)
      output.extend(count &- 18)
    }
    output.target.copy(source, from, count, to: output.place)
    output.place &+= count
  }

  /// Runs of zeros; where they end: fewer than four are left over.
  @inline(__always)
  private func zeros(_ start: Int, _ end: Int, _ output: inout Output) -> Int {
    var at = start
    while end &- at >= 4 {
      let run = min(end &- at, Self.longestRun) &- 4
      output.append(0x18 | run & 7)
      output.append(0xFC)
      output.append(0xFF)
      output.append(run &>> 3)
      output.state = output.place &- 3
      at &+= run &+ 4
    }
    return at
  }

  @inline(__always)
  private func match(_ distance: Int, _ length: Int, _ output: inout Output) {
    if length <= 8, distance <= 0x800 {
      let distance = distance &- 1
      output.append((length &- 1) &<< 5 | (distance & 7) &<< 2)
      output.append(distance &>> 3)
      output.state = output.place &- 2
      return
    }
    var field = distance &- 1
    if distance <= 0x4000 {
      if length <= 33 {
        output.append(32 | (length &- 2))
      } else {
        output.append(32)
        output.extend(length &- 33)
      }
    } else {
      field = distance &- 0x4000
      let high = (field &>> 11) & 8
      field &= 0x3FFF
      if length <= 9 {
        output.append(16 | high | (length &- 2))
      } else {
        output.append(16 | high)
        output.extend(length &- 9)
      }
    }
    output.target.set16(field &<< 2, at: output.place)
    output.place &+= 2
    output.state = output.place &- 2
  }
}
