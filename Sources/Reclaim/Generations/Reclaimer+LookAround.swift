import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// Aging through the reverse map (`lru_gen_look_around()`): where one page was used its neighbours
/// were, too.
extension Reclaimer {
  /// How a page was used since this was last asked (mm/rmap.c:folio_referenced_one()); up to 63
  /// neighbours of a used entry are asked as well, and promoted.
  func lookAround(_ number: PageFrameNumber) -> (
    entries: Int, isLocked: Bool, isExecutable: Bool
  ) {
    var entries = 0
    var isLocked = false
    var isExecutable = false
    memory.pointee.forEachMapping(of: number) { mapping in
      let flags = mapping.area.pointee.flags
      if flags.contains(.locked) {
        isLocked = true
        return
      }
      guard mapping.slot.pointee.isYoung else { return }
      if flags.isDisjoint(with: [.sequentialRead, .randomRead]) {
        lookAround(mapping, number)
      } else {
        mapping.slot.pointee = mapping.slot.pointee.madeOld
        mapping.space.pointee.forget(mapping.address)
        if flags.contains(.sequentialRead) { return }
      }
      entries &+= 1
      if flags.contains(.execute) { isExecutable = true }
    }
    return (entries, isLocked, isExecutable)
  }

  /// The entries around one that was used, at most 64 of its table and its area.
  private func lookAround(_ mapping: Mapping<B>, _ number: PageFrameNumber) {
    let board = memory.pointee.board
    let group = frames.pointee.frame(number).pointee.charge
    let span = board.translation.coverage(at: 2)
    let window = PageCount(UInt64(Generations.batch)).bytes(of: board.pageSize)
    let half = PageCount(UInt64(Generations.batch / 2)).bytes(of: board.pageSize)
    let base = mapping.address.alignedDown(to: span)
    var start = max(base, mapping.area.pointee.start)
    var end = min(base + span, mapping.area.pointee.end)
    if end - start > window {
      if mapping.address - start < half {
        end = start + window
      } else if end - mapping.address < half {
        start = end - window
      } else {
        start = mapping.address - half
        end = mapping.address + half
      }
    }
    guard let run = mapping.space.pointee.tables.run(at: start, end: end) else { return }
    var young = 0
    for index in 0..<run.count {
      let entry = run[index]
      guard entry.isPresent, !entry.isSpecial, entry.isYoung else { continue }
      let neighbour = entry.frame(in: board.translation)
      let frame = frames.pointee.frame(neighbour)
      guard frame.pointee.charge == group else { continue }
      run[index] = entry.madeOld
      mapping.space.pointee.forget(run.address(index, board.pageSize))
      young &+= 1
      frames.pointee.promote(neighbour)
    }
    guard young &* 8 >= run.count else { return }
    frames.pointee.lruVector(group: group).pointee.noteUsedTable(table(of: run))
  }
}
