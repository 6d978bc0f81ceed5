import HardwareModel

/// Lines through the hierarchy, the demand first and then what has to be written back.
extension ReferenceCore {
  static func access(
    _ sets: inout Lines, _ geometry: CacheGeometry, _ line: UInt64, _ isWrite: Bool
  ) -> (isHit: Bool, dirty: UInt64?) {
    let set = Int(line % UInt64(geometry.sets))
    if let position = sets.position(of: line, in: set) {
      if isWrite { sets.entries[set][position].value = true }
      sets.use(position, in: set)
      return (true, nil)
    }
    let left = sets.insert(line, isWrite, in: set)
    return (false, left.flatMap { $0.value ? $0.key : nil })
  }

  private static func writeBack(
    _ sets: inout Lines, _ geometry: CacheGeometry, _ line: UInt64
  ) -> UInt64? {
    let set = Int(line % UInt64(geometry.sets))
    if let position = sets.position(of: line, in: set) {
      sets.entries[set][position].value = true
      return nil
    }
    return sets.insert(line, true, in: set).flatMap { $0.value ? $0.key : nil }
  }

  mutating func accessFirst(_ line: UInt64, isWrite: Bool, readsNext: Bool) -> ServedBy {
    let outcome = Self.access(&data, geometry.dataCache, line, isWrite)
    if outcome.isHit { return .first }
    let level = readsNext ? accessSecond(line) : .first
    if let dirty = outcome.dirty {
      counters.writeBacks[0] += 1
      writeBackToSecond(dirty)
    }
    return level
  }

  mutating func accessSecond(_ line: UInt64) -> ServedBy {
    guard var sets = second, let shape = geometry.secondCache else { return accessLast(line) }
    second = nil
    let outcome = Self.access(&sets, shape, line, false)
    second = sets
    if outcome.isHit { return .second }
    let level = accessLast(line)
    if let dirty = outcome.dirty {
      counters.writeBacks[1] += 1
      writeBackToLast(dirty)
    }
    return level
  }

  mutating func accessLast(_ line: UInt64) -> ServedBy {
    guard var sets = last, let shape = geometry.lastCache else { return .memory }
    last = nil
    let outcome = Self.access(&sets, shape, line, false)
    last = sets
    if outcome.isHit { return .last }
    if outcome.dirty != nil { counters.writeBacks[2] += 1 }
    return .memory
  }

  mutating func writeBackToSecond(_ line: UInt64) {
    guard var sets = second, let shape = geometry.secondCache else { return writeBackToLast(line) }
    second = nil
    let dirty = Self.writeBack(&sets, shape, line)
    second = sets
    if let dirty {
      counters.writeBacks[1] += 1
      writeBackToLast(dirty)
    }
  }

  mutating func writeBackToLast(_ line: UInt64) {
    guard var sets = last, let shape = geometry.lastCache else { return }
    last = nil
    if Self.writeBack(&sets, shape, line) != nil { counters.writeBacks[2] += 1 }
    last = sets
  }
}
