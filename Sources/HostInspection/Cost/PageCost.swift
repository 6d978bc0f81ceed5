package import MemoryTypes

/// What memory costs on pages of one size; a range where what was touched is hidden.
package struct PageCost: Equatable, Sendable {
  package var pageSize: PageSize
  package var resident: ClosedRange<UInt64>
  package var swapped: UInt64
  /// All levels; nil where the pages could not be seen.
  package var tables: ByteCount?
  /// Tables by level, the root's first.
  package var tablesByLevel: [UInt64] = []
  /// What the pages alone would be, each one entry of the TLB.
  package var pages: ClosedRange<UInt64> {
    resident.lowerBound >> pageSize.shift...resident.upperBound >> pageSize.shift
  }

  package var isExact: Bool { resident.lowerBound == resident.upperBound }
}

/// What a process's memory costs on pages of each size, in all and by area.
///
/// The pages are those that it touched, at the addresses that it touched: a page of 64K is
/// resident where any of the 4K pages in it is. Two areas never share a page, since a page has one
/// protection and one file, so where a boundary lies inside a larger page both areas have one; a
/// kernel with such pages would have put them elsewhere, and the sum over areas says what that
/// takes. The lower bound lets neighbours share.
package struct ProcessCost: Equatable, Sendable {
  package var areas: [[PageCost]]
  package var total: [PageCost]
  /// For each size how many areas begin or end inside a page.
  package var unaligned: [Int]

  package init(_ image: ProcessImage) {
    let sizes: [PageSize] = [.fourKiB, .sixteenKiB, .sixtyFourKiB]
    let all = sizes.map { size in
      image.runs.map { Self.counted(image, $0, size) } ?? Self.estimated(image, size)
    }
    total = all.map(\.total)
    areas = image.areas.indices.map { index in all.map { $0.areas[index] } }
    unaligned = sizes.map { size in
      image.areas.count { !$0.start.isAligned(to: size) || !$0.end.isAligned(to: size) }
    }
  }
}
