import Arm64
import MemoryTypes

/// How broken up free memory is (mm/vmstat.c).
extension FrameAllocator {
  /// What the free blocks of a zone come to, seen from an order (`struct contig_page_info`).
  private func blocks(
    _ index: ZoneIndex, _ order: Int
  ) -> (pages: Int, blocks: Int, suitable: Int) {
    let zone = zones[index]
    var result = (pages: 0, blocks: 0, suitable: 0)
    for current in 0...zone.pointee.largestOrder {
      let count = zone.pointee.freeBlocks[current]
      result.blocks &+= count
      result.pages &+= count &<< current
      if current >= order { result.suitable &+= count &<< (current &- order) }
    }
    return result
  }

  /// The thousandths of free memory that are in blocks too small (unusable_free_index()).
  public func unusableIndex(_ index: ZoneIndex, _ order: Int) -> Int {
    let found = blocks(index, order)
    guard found.pages > 0 else { return 1000 }
    return (found.pages &- found.suitable &<< order) &* 1000 / found.pages
  }

  /// Whether a request of an order fails for want of memory, towards 0, or because it is broken up,
  /// towards 1000; -1000 where it would not fail (__fragmentation_index()).
  public func fragmentationIndex(_ index: ZoneIndex, _ order: Int) -> Int {
    guard order <= zones[index].pointee.largestOrder else { return 0 }
    let found = blocks(index, order)
    guard found.blocks > 0 else { return 0 }
    guard found.suitable == 0 else { return -1000 }
    return 1000 &- (1000 &+ found.pages &* 1000 / (1 &<< order)) / found.blocks
  }

  /// The hundredths of free memory that are in blocks too small (extfrag_for_order()).
  public func externalFragmentation(_ index: ZoneIndex, _ order: Int) -> Int {
    let found = blocks(index, order)
    guard found.pages > 0 else { return 0 }
    return (found.pages &- found.suitable &<< order) &* 100 / found.pages
  }
}
