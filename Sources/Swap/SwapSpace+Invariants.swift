import Arm64
import KernelHeap
import MemoryTypes
import PageFrames

extension SwapSpace {
  /// What is wrong with areas, counts and cache; walks everything, for tests.
  public func checkInvariants() -> StaticString? {
    var inUse: Int64 = 0
    var total: Int64 = 0
    var cached: Int64 = 0
    for number in 0..<Self.maximumAreas {
      guard let area = areas[number] else { continue }
      if area.pointee.isWritable { total &+= Int64(truncatingIfNeeded: area.pointee.pages) }
      inUse &+= Int64(truncatingIfNeeded: area.pointee.inUse)
      if let wrong = check(area) { return wrong }
      cached &+= Int64(truncatingIfNeeded: area.pointee.cache.count)
    }
    if total != totalPages { return "totalPages" }
    if freePages &+ inUse != total { return "freePages" }
    return cached == cachedPages ? nil : "pages in the cache"
  }

  private func check(_ area: KernelPointer<SwapArea<B>>) -> StaticString? {
    var used: UInt64 = 0
    var orphans = 0
    for offset in 1..<area.pointee.maximum {
      let count = area.pointee.count(offset)
      if count == .bad { continue }
      if count.isFree {
        if offset < area.pointee.lowest || offset > area.pointee.highest {
          return "a free slot that is not looked for"
        }
      } else {
        used &+= 1
      }
      let isThere = trees.find(offset, in: area.pointee.cache) != nil
      if isThere != count.isCached {
        guard count == .cached else { return "a cached mark" }
        orphans &+= 1
      }
    }
    if used != area.pointee.inUse { return "slots in use" }
    if orphans > 2 &* SlotStock.capacity { return "slots that nobody has" }
    var isSound = true
    if !trees.checkInvariants(
      area.pointee.cache,
      { offset, entry in
        guard let number = entry.frame else { return }
        let frame = frames.pointee.frame(number)
        let own = SwapEntry(area: area.pointee.number, offset: offset)
        if !frame.pointee.flags.contains(.swapCache) || frame.pointee.privateWord != own.rawValue
          || frame.pointee.referenceCount < 1
        {
          isSound = false
        }
      })
    {
      return "the cache's tree"
    }
    if !isSound { return "a frame of the cache" }
    if let clusters = area.pointee.clusters,
      !clusters.check(area.pointee.maximum, used: { area.pointee.counts[$0] != 0 })
    {
      return "clusters"
    }
    return nil
  }
}
