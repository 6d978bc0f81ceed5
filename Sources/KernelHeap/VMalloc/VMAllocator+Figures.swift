import Arm64
public import MemoryTypes
import PageFrames

extension VMAllocator {
  /// Frames that areas have: VmallocUsed (`vmalloc_nr_pages()`).
  public var usedPages: PageCount { PageCount(pages) }

  /// Areas in use and lazy ones.
  public var areaCount: Int { vmalloc.count &+ modules.count }

  /// Pages of addresses that wait for a purge.
  public var lazyPageCount: PageCount { PageCount(lazyPages) }

  /// What `/proc/vmallocinfo` says of a range of addresses.
  public enum Entry {
    /// In use, with what it is for.
    case described(Description)
    /// In use without a description (`vm_map_ram()`).
    case brief(Range<VirtualAddress>)
    /// Neighbours that are lazy (`show_purge_info()`).
    case lazy(Range<VirtualAddress>)
  }

  /// Visits everything in use in order of address, and after that everything lazy.
  public func forEachEntry(_ body: (Entry) -> Void) {
    forEachArea { area in
      guard area.pointee.kind == .busy else { return }
      if let description = description(area) {
        body(.described(description))
      } else {
        body(.brief(area.pointee.start..<area.pointee.end))
      }
    }
    var pending: Range<VirtualAddress>?
    forEachArea { area in
      guard area.pointee.kind == .lazy else { return }
      let range = area.pointee.start..<area.pointee.end
      if let before = pending, before.upperBound == range.lowerBound {
        pending = before.lowerBound..<range.upperBound
      } else {
        if let before = pending { body(.lazy(before)) }
        pending = range
      }
    }
    if let pending { body(.lazy(pending)) }
  }

  private func forEachArea(_ body: (Area) -> Void) {
    var area = modules.first
    while let here = area {
      body(here)
      area = modules.successor(of: here)
    }
    area = vmalloc.first
    while let here = area {
      body(here)
      area = vmalloc.successor(of: here)
    }
  }

  /// Traps if trees, lazy list, counts and page tables do not agree; for tests.
  public func checkInvariants() {
    precondition(vmalloc.checkInvariants() && modules.checkInvariants())
    var lazyAreas = 0
    var lazyUnits: UInt64 = 0
    var owned: UInt64 = 0
    forEachArea { area in
      switch area.pointee.kind {
      case .lazy:
        lazyAreas += 1
        lazyUnits += UInt64(area.pointee.units)
        precondition(lazyLow <= area.pointee.start && area.pointee.end <= lazyHigh)
        precondition(mapped(area.pointee.start, area.pointee.end) == 0)
      case .busy:
        guard let description = description(area) else { return }
        precondition(description.pointee.area == area)
        precondition(description.pointee.start == area.pointee.start)
        precondition(description.pointee.size == area.pointee.length)
        owned += UInt64(description.pointee.pages)
        let end = area.pointee.start + description.pointee.usableSize(board.pageSize)
        precondition(mapped(end, area.pointee.end) == 0)
        if description.pointee.pages != 0 {
          precondition(
            mapped(area.pointee.start, end) == UInt64(description.pointee.pages))
        }
      }
    }
    precondition(owned == pages)
    precondition(lazyUnits == lazyPages &<< (board.pageSize.shift &- 12))
    var listed = 0
    var next = lazy
    while let here = next {
      precondition(here.pointee.kind == .lazy)
      listed += 1
      next = self.next(ofLazy: here)
    }
    precondition(listed == lazyAreas)
  }

  /// The pages of a range that are mapped.
  func mapped(_ start: VirtualAddress, _ end: VirtualAddress) -> UInt64 {
    var sum: UInt64 = 0
    table.forEachLeaf(in: start..<end) { leaf in
      guard !leaf.descriptor.isNone else { return }
      sum += board.translation.coverage(at: leaf.level).wholePages(of: board.pageSize).rawValue
    }
    return sum
  }
}
