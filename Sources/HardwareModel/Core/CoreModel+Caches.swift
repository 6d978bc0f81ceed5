import Arm64

/// Lines through the hierarchy.
///
/// The demand goes outwards first; the dirty lines that had to make room follow it, the nearest
/// level's first. Nothing is inclusive or exclusive: each level keeps what passed through it.
extension CoreModel {
  /// A load's or a store's line.
  @inline(__always) mutating func accessData(
    _ line: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) {
    let outcome = dataCache.access(line, dirtying: kind != .load)
    if outcome.isHit {
      counts.add(.served(kind, privilege, .first))
      return
    }
    lookAhead.noteMiss()
    // A line that is wholly written is not read before.
    let level = kind == .clear ? .first : accessSecond(line)
    counts.add(.served(kind, privilege, level))
    if let victim = outcome.dirtyVictim {
      counts.add(.writeBacks(.first))
      writeBackToSecond(victim)
    }
  }

  /// A line of instructions.
  @inline(__always) mutating func accessInstructions(_ line: UInt64, _ privilege: Privilege) {
    let outcome = instructionCache.access(line, dirtying: false)
    let level = outcome.isHit ? .first : accessSecond(line)
    counts.add(.served(.fetch, privilege, level))
  }

  /// A descriptor that a walk reads.
  @inline(__always) mutating func accessDescriptor(at address: UInt64, _ privilege: Privilege) {
    let line = address &>> lineShift
    var level: ServedBy
    if geometry.walksThroughDataCache {
      // The line used last may have to go, or is no longer the first of its set.
      dataLine = NearLine()
      let outcome = dataCache.access(line, dirtying: false)
      level = outcome.isHit ? .first : accessSecond(line)
      if let victim = outcome.dirtyVictim {
        counts.add(.writeBacks(.first))
        writeBackToSecond(victim)
      }
    } else {
      level = accessSecond(line)
    }
    counts.add(.walkReads(privilege, level))
  }

  /// Where a line is found that the first level does not have.
  @inline(__always) private mutating func accessSecond(_ line: UInt64) -> ServedBy {
    guard hasSecondCache else { return accessLast(line) }
    let outcome = secondCache.access(line)
    if outcome.isHit { return .second }
    let level = accessLast(line)
    if let victim = outcome.dirtyVictim {
      counts.add(.writeBacks(.second))
      writeBackToLast(victim)
    }
    return level
  }

  @inline(__always) private mutating func accessLast(_ line: UInt64) -> ServedBy {
    guard hasLastCache else { return .memory }
    let outcome = lastCache.access(line)
    if outcome.isHit { return .last }
    if outcome.dirtyVictim != nil { counts.add(.writeBacks(.last)) }
    return .memory
  }

  private mutating func writeBackToSecond(_ line: UInt64) {
    guard hasSecondCache else { return writeBackToLast(line) }
    if let victim = secondCache.writeBack(line).dirtyVictim {
      counts.add(.writeBacks(.second))
      writeBackToLast(victim)
    }
  }

  private mutating func writeBackToLast(_ line: UInt64) {
    guard hasLastCache else { return }
    if lastCache.writeBack(line).dirtyVictim != nil { counts.add(.writeBacks(.last)) }
  }
}
