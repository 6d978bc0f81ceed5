import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// What a person is told of memory being short: by whom and why pages were taken, and from whom.
extension KernelState {
  /// What was done for each cause, and who lost pages and is gone.
  public var reclaims: ReclaimAccounts { store.pointee.reclaims }
  public var losers: MemoryLosers { store.pointee.losers }

  /// Reclaims, and notes why, how much and how long.
  func accounting<T>(_ cause: ReclaimCause, _ body: () -> T) -> T {
    let begin = board.clock.nanoseconds
    let (scanned, taken) = reclaimCounts
    let result = body()
    let after = reclaimCounts
    store.pointee.reclaims.add(
      cause, scanned: after.scanned &- scanned, taken: after.taken &- taken,
      nanoseconds: board.clock.nanoseconds &- begin)
    // Events of groups' protection, and of their swap space, happen below.
    if frames.pointee.groups.count != 0 { wakeWatchers() }
    return result
  }

  private var reclaimCounts: (scanned: Int, taken: Int) {
    (
      frames.pointee.statistic(.pgscan_anon) &+ frames.pointee.statistic(.pgscan_file),
      frames.pointee.statistic(.pgsteal_anon) &+ frames.pointee.statistic(.pgsteal_file)
    )
  }

  /// Remembers what a process lost whose memory is about to go.
  func noteLoser(_ task: KernelPointer<Task<B>>, _ space: KernelPointer<AddressSpace<B>>) {
    if space.pointee.taken.total > 0 { store.pointee.losers.add(loser(task, space)) }
  }

  private func loser(
    _ task: KernelPointer<Task<B>>, _ space: KernelPointer<AddressSpace<B>>
  ) -> MemoryLoser {
    var found = MemoryLoser()
    let taken = space.pointee.taken
    found.pid = task.pointee.threadGroup
    found.name = task.pointee.name
    found.total = taken.total
    for index in 0..<taken.places.count where taken.places[index].pages > 0 {
      var least = 0
      for other in 0..<found.places.count
      where found.places[other].pages < found.places[least].pages { least = other }
      let place = taken.places[index]
      guard place.pages > found.places[least].pages,
        let mapping = space.pointee.describe(mappingAt: place.start)
      else { continue }
      found.places[least] = MemoryLoser.Place(
        start: place.start, end: mapping.end, pages: place.pages, label: mapping.label)
    }
    return found
  }

  /// Calls a function with each process that lost pages and is still there.
  public func forEachLivingLoser(_ body: (MemoryLoser) -> Void) {
    var process = store.pointee.firstProcess
    while let found = process {
      process = found.pointee.nextProcess
      guard let task = taskWithSpace(found), let space = task.pointee.memory.space,
        space.pointee.taken.total > 0
      else { continue }
      body(loser(task, space))
    }
  }
}
