import Glibc
package import PTMalloc

/// The system calls, as the kernel would answer them.
extension ReplayMemory {
  private func index(_ address: UInt64) -> Int { Int((address &- start) &>> shift) }

  private func rounded(_ length: UInt64) -> UInt64 { (length &+ pageSize &- 1) & ~(pageSize &- 1) }

  package mutating func brk(_ address: UInt64) -> UInt64 {
    guard address != 0 else {
      counts.brkAsk += 1
      return currentBreak
    }
    let old = rounded(currentBreak)
    if address > currentBreak {
      counts.brkGrow += 1
      guard address < breakLimit, allow(address - currentBreak) else { return currentBreak }
      let new = rounded(address)
      if new > old { open(old, new - old) }
    } else {
      counts.brkShrink += 1
      guard address >= breakStart else { return currentBreak }
      let new = rounded(address)
      if new < old { drop(new, old - new, stays: false) }
    }
    currentBreak = address
    return currentBreak
  }

  /// Whether there is memory for so much more.
  private func allow(_ length: UInt64) -> Bool {
    length <= Self.limit && counts.accessible <= Self.limit - length
  }

  package mutating func mmap(
    at hint: UInt64, length: UInt64, readWrite: Bool, flags: MapFlags
  ) -> UInt64? {
    counts.mmap += 1
    let (sum, overflow) = length.addingReportingOverflow(pageSize - 1)
    let length = sum & ~(pageSize - 1)
    guard !overflow, length > 0, !readWrite || allow(length), !flags.contains(.hugeTLB) else {
      return nil
    }
    if flags.contains(.fixed) {
      guard hint >= breakLimit, hint &- start < self.length, length <= self.length - (hint - start)
      else { return nil }
      drop(hint, length, stays: false)
      unmapped(hint, length)
      take(hint, length)
      if readWrite { open(hint, length) }
      return hint
    }
    // mm/mmap.c:unmapped_area_topdown: the highest gap with room, and in it the highest place.
    let isHintFree =
      hint != 0 && gaps.contains { $0.start <= hint && hint < $0.end && length <= $0.end - hint }
    guard
      let address = isHintFree
        ? hint : gaps.last(where: { $0.end - $0.start >= length }).map({ $0.end - length })
    else { return nil }
    take(address, length)
    if readWrite { open(address, length) }
    return address
  }

  package mutating func munmap(at address: UInt64, length: UInt64) {
    counts.munmap += 1
    let length = rounded(length)
    guard address >= breakLimit, address &- start < self.length, length > 0,
      length <= self.length - (address - start)
    else { return }
    drop(address, length, stays: false)
    unmapped(address, length)
  }

  package mutating func mremap(at address: UInt64, length: UInt64, newLength: UInt64) -> UInt64? {
    counts.mremap += 1
    let (old, new) = (rounded(length), rounded(newLength))
    guard address >= breakLimit, new > 0, new < self.length else { return nil }
    if new <= old {
      if new < old {
        drop(address + new, old - new, stays: false)
        unmapped(address + new, old - new)
      }
      return address
    }
    guard allow(new - old) else { return nil }
    // In place where what is behind is free.
    let end = address + old
    if gaps.contains(where: { $0.start == end && new - old <= $0.end - end }) {
      take(end, new - old)
      open(end, new - old)
      return address
    }
    guard let gap = gaps.last(where: { $0.end - $0.start >= new }) else { return nil }
    let target = gap.end - new
    take(target, new)
    open(target, new)
    // Touched pages move, and with them no fault; of their bytes only the chunk's header matters.
    let (from, to) = (index(address), index(target))
    let faults = counts.faults
    for page in 0..<Int(old >> shift) where unsafe pages[from + page] & 1 != 0 {
      unsafe pages[to + page] |= 1
      counts.resident &+= pageSize
    }
    unsafe (base + Int(target - start)).copyMemory(
      from: base + Int(address - start), byteCount: 32)
    drop(address, old, stays: false)
    unmapped(address, old)
    counts.faults = faults
    return target
  }

  package mutating func mprotect(at address: UInt64, length: UInt64) -> Bool {
    counts.mprotect += 1
    let length = rounded(length)
    guard address &- start < self.length, length <= self.length - (address - start), allow(length)
    else { return false }
    open(address, length)
    return true
  }

  package mutating func madvise(at address: UInt64, length: UInt64, _ advice: HeapAdvice) {
    counts.madvise += 1
    guard advice == .dontNeed, address &- start < self.length,
      length <= self.length - (address - start)
    else { return }
    drop(address, rounded(length), stays: true)
  }

  // MARK: pages

  /// Pages may be used from here on.
  private mutating func open(_ address: UInt64, _ length: UInt64) {
    var page = index(address)
    let end = page + Int(length >> shift)
    while page < end {
      if page & 7 == 0, page + 8 <= end, unsafe states(page).pointee == 0 {
        unsafe states(page).pointee = Self.eightAccessible
        counts.accessible &+= pageSize &* 8
        page += 8
        continue
      }
      if unsafe pages[page] & 2 == 0 {
        unsafe pages[page] |= 2
        counts.accessible &+= pageSize
      }
      page += 1
    }
    counts.peakAccessible = max(counts.peakAccessible, counts.accessible)
  }

  /// Pages lose what was in them, and unless they stay may not be used any more.
  private mutating func drop(_ address: UInt64, _ length: UInt64, stays: Bool) {
    var page = index(address)
    let end = page + Int(length >> shift)
    var touched: UInt64 = 0
    var opened: UInt64 = 0
    while page < end {
      if page & 7 == 0, page + 8 <= end {
        let eight = unsafe states(page).pointee
        touched &+= UInt64((eight & Self.eightTouched).nonzeroBitCount)
        opened &+= UInt64((eight & Self.eightAccessible).nonzeroBitCount) &<< 1
        if eight != 0 { unsafe states(page).pointee = stays ? eight & Self.eightAccessible : 0 }
        page += 8
        continue
      }
      let state = unsafe pages[page]
      touched &+= UInt64(state & 1)
      opened &+= UInt64(state & 2)
      unsafe pages[page] = stays ? state & 2 : 0
      page += 1
    }
    counts.resident &-= touched &<< shift
    if !stays { counts.accessible &-= (opened &>> 1) &<< shift }
    if touched > 0 {
      _ = unsafe Glibc.madvise(base + Int(address - start), Int(length), MADV_DONTNEED)
    }
  }

  // MARK: gaps

  /// The first gap that ends behind an address.
  private func gap(behind address: UInt64) -> Int {
    var (low, high) = (0, gaps.count)
    while low < high {
      let middle = (low + high) / 2
      if gaps[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// A range that lies in one gap is one no more.
  private mutating func take(_ address: UInt64, _ length: UInt64) {
    let index = gap(behind: address)
    let found = gaps[index]
    let end = address + length
    precondition(found.start <= address && end <= found.end)
    switch (found.start < address, end < found.end) {
    case (false, false): gaps.remove(at: index)
    case (true, false): gaps[index].end = address
    case (false, true): gaps[index].start = end
    case (true, true):
      gaps[index].end = address
      gaps.insert(Gap(start: end, end: found.end), at: index + 1)
    }
  }

  /// A range becomes free, whatever of it was.
  private mutating func unmapped(_ address: UInt64, _ length: UInt64) {
    var new = Gap(start: address, end: address + length)
    var first = gap(behind: address)
    if first > 0, gaps[first - 1].end == address { first -= 1 }
    var last = first
    while last < gaps.count, gaps[last].start <= new.end {
      new.start = min(new.start, gaps[last].start)
      new.end = max(new.end, gaps[last].end)
      last += 1
    }
    gaps.replaceSubrange(first..<last, with: [new])
  }
}
