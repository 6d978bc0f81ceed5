import Arm64

/// Lines through the hierarchy.
///
/// The demand goes outwards first; the dirty lines that had to make room follow it, the nearest
/// level's first. Nothing is inclusive or exclusive: each level keeps what passed through it.
extension CoreModel {
  /// Asks for a load's, a store's or a fetch's line.
  @inline(__always) mutating func request(
    _ line: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) {
    let row = kind.rawValue &* 2 | (privilege == .kernel ? 1 : 0)
    let dirty = kind == .store || kind == .clear ? LineQueues.dirty : 0
    unsafe queues.first[queued] =
      LineQueues.request(line, row: row, record: record) | dirty
    queued &+= 1
  }

  /// Asks for a descriptor that a walk reads.
  @inline(__always) mutating func requestDescriptor(at address: UInt64, _ privilege: Privilege) {
    let line = address &>> lineShift
    if geometry.walksThroughDataCache {
      // The line used last may have to go, or is no longer the first of its set.
      forgetNearData()
    } else {
      secondPlaces.prefetch(line)
    }
    let row = LineQueues.walk | (privilege == .kernel ? 1 : 0)
    unsafe queues.first[queued] = LineQueues.request(line, row: row, record: record)
    queued &+= 1
  }

  /// Serves what has been asked for, level by level.
  mutating func drain() {
    guard queued != 0 else { return }
    let notes = unsafe isNoting ? queues.notes : nil
    // Fetches are L1I's, all else L1D's; descriptors only pass unless walks read through it.
    let fetches: UInt64 = 3 &<< (AccessKind.fetch.rawValue &* 2)
    let walks: UInt64 = 3 &<< LineQueues.walk
    let through = geometry.walksThroughDataCache
    var task = unsafe CacheTask(
      requests: queues.first, count: queued, own: 0, passed: through ? 0 : walks,
      dirtying: LineQueues.dirty, misses: queues.second,
      behind: hasSecondCache ? secondPlaces : lastPlaces, level: .first, counts: counts.values,
      notes: notes)
    queued = 0
    while task.next < task.count {
      task.own = 0xff & ~fetches | (through ? walks : 0)
      dataCache.serve(&task)
      task.own = fetches
      instructionCache.serve(&task)
    }
    task.own = .max
    task.passed = 0
    task.dirtying = 0
    if hasSecondCache {
      unsafe task.requests = queues.second
      unsafe task.misses = queues.last
      begin(&task, .second, behind: lastPlaces)
      secondCache.serve(&task)
    }
    if hasLastCache {
      unsafe task.requests = task.misses
      unsafe task.misses = queues.memory
      begin(&task, .last, behind: .none)
      lastCache.serve(&task)
    }
    // What is left comes from memory, or goes there.
    task.level = .memory
    for index in 0..<task.asked {
      let request = unsafe task.misses[index]
      let row = LineQueues.row(request)
      if row != LineQueues.writeBack { task.note(request, row) }
    }
  }

  /// What the level before did not have is what is asked now.
  @inline(__always) private func begin(
    _ task: inout CacheTask, _ level: ServedBy, behind: SetPlaces
  ) {
    task.count = task.asked
    task.next = 0
    task.asked = 0
    task.level = level
    task.behind = behind
  }
}
