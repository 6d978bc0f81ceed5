import Glibc
import MemoryTypes

/// `PAGEMAP_SCAN`, the call of Linux 6.7 that tells the ranges of a process's pages by what they
/// are (fs/proc/task_mmu.c: do_pagemap_scan()): it walks the page tables, so that what is not
/// mapped costs nothing, and tells zero pages and huge mappings without any privilege.
struct PageMapScan {
  /// `struct page_region`.
  struct Region {
    var start: UInt64
    var end: UInt64
    var categories: UInt64
  }

  /// PAGE_IS_*, include/uapi/linux/fs.h.
  enum Category {
    static let present: UInt64 = 1 << 3
    static let swapped: UInt64 = 1 << 4
    static let zero: UInt64 = 1 << 5
    static let huge: UInt64 = 1 << 6
  }

  /// `_IOWR('f', 16, struct pm_scan_arg)`.
  private static let request: UInt = 0xc060_6610

  /// Tells each region between two addresses; false where the kernel does not have the call or it
  /// fails.
  static func scan(
    _ file: Int32, _ range: Range<UInt64>, _ tell: (Region) -> Void
  ) -> Bool {
    let room = 1 << 15
    return unsafe withUnsafeTemporaryAllocation(of: Region.self, capacity: room) { regions in
      guard let base = regions.baseAddress else { return false }
      unsafe regions.initialize(repeating: Region(start: 0, end: 0, categories: 0))
      var start = range.lowerBound
      while start < range.upperBound {
        // size, flags, start, end, walk_end, vec, vec_len, max_pages, then which categories: none
        // inverted, none demanded, present or swapped, and those that are told.
        var arguments: InlineArray<12, UInt64> = [
          96, 0, start, range.upperBound, 0, UInt64(UInt(bitPattern: base)), UInt64(room), 0,
          0, 0, Category.present | Category.swapped,
          Category.present | Category.swapped | Category.zero | Category.huge,
        ]
        let count = unsafe withUnsafeMutableBytes(of: &arguments) { bytes -> Int in
          guard let address = bytes.baseAddress else { return -1 }
          return Int(unsafe ioctl(file, request, address))
        }
        if count < 0 && errno == EINTR { continue }
        guard count >= 0, count <= room else { return false }
        for index in 0..<count { tell(unsafe regions[index]) }
        // A vector that is not full says that the walk is over. Its end cannot be asked for: the
        // kernel fills pieces of 512, sets walk_end as one is full, and leaves it there at the end.
        guard count == room else { return true }
        let reached = max(arguments[4], unsafe regions[count - 1].end)
        guard reached > start else { return false }
        start = reached
      }
      return true
    }
  }
}
