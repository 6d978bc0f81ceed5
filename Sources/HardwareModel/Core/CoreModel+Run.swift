import Arm64
import MemoryTypes

/// Accesses in the order in which the core made them.
///
/// Most use the line of the one before: for them nothing is looked up, as it would change nothing.
/// Under LRU the line and its page are the first of their sets already; under FIFO and random a
/// hit moves nothing; under tree-PLRU the tree points away from them. That holds until another
/// access of their L1 cache or TLB, or an invalidation.
extension CoreModel {
  /// Runs records from `first` on.
  ///
  /// - Returns: the index of the first that was not done: the number of records, or the one whose
  ///   access faulted; what it wanted is in ``fault``, and it is run again when that is served.
  public mutating func run(
    _ records: UnsafeBufferPointer<AccessRecord>, from first: Int = 0
  ) -> Int {
    var next = first
    while next < records.count {
      let end = min(records.count, next &+ LookAhead.block)
      if lookAhead.isWorthIt { unsafe readAhead(records, next, end) }
      lookAhead.beginBlock()
      let stop = unsafe runPart(records, next, end)
      guard stop == end else { return stop }
      next = end
    }
    return next
  }

  /// As `run`, of so few records that 16 bits count those of each kind.
  private mutating func runPart(
    _ records: UnsafeBufferPointer<AccessRecord>, _ first: Int, _ end: Int
  ) -> Int {
    // Accesses that took the shortcut, 16 bits a kind.
    var byUser: UInt64 = 0
    var byKernel: UInt64 = 0
    defer {
      count(byUser, .user)
      count(byKernel, .kernel)
    }
    let lineMask = self.lineMask
    let inside: UInt64 = (1 &<< lineShift) &- 1
    var index = first
    while index < end {
      let word = unsafe records[index].rawValue
      let kind = (word &>> 60) & 3
      let line = word & lineMask
      let isWithin = (word & inside) &+ ((word &>> 53) & 127) <= inside &+ 1
      let isNear: Bool
      if kind == AccessKind.fetch.rawValue {
        isNear = line == fetchLine.number
      } else {
        isNear =
          line == dataLine.number
          && (kind == AccessKind.load.rawValue
            || kind == AccessKind.store.rawValue && dataLine.isDirty)
      }
      if isNear && isWithin {
        let one: UInt64 = 1 &<< (kind &* 16)
        if word &>> 63 == 0 { byUser &+= one } else { byKernel &+= one }
      } else if !access(unsafe records[index]) {
        return index
      }
      index &+= 1
    }
    return end
  }

  private mutating func count(_ packed: UInt64, _ privilege: Privilege) {
    for kind in AccessKind.allCases {
      let number = (packed &>> (kind.rawValue &* 16)) & 0xffff
      counts.add(.accesses(kind, privilege), number)
      counts.add(.served(kind, privilege, .first), number)
    }
  }

  /// One access, looked up; false if it faults.
  public mutating func access(_ record: AccessRecord) -> Bool {
    let address = record.address.rawValue
    let lastByte = address &+ max(record.size, 1) &- 1
    let kind = record.kind
    let privilege = record.privilege
    if kind == .fetch {
      guard fetch(address, privilege) else { return false }
      if (address ^ lastByte) &>> lineShift != 0 {
        guard fetch(lastByte, privilege) else { return false }
      }
    } else {
      guard data(address, kind, privilege) else { return false }
      if (address ^ lastByte) &>> lineShift != 0 {
        guard data(lastByte, kind, privilege) else { return false }
      }
    }
    counts.add(.accesses(kind, privilege))
    return true
  }

  /// A line as a record names it, with who asked: the other may not be allowed to.
  @inline(__always) private func nearNumber(_ address: UInt64, _ privilege: Privilege) -> UInt64 {
    let line = address & lineMask
    return privilege == .kernel ? line | 1 &<< 63 : line & ~(1 &<< 63)
  }

  @inline(__always) private mutating func data(
    _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> Bool {
    if address & dataPage.mask != dataPage.base
      || !dataPage.translation.allows(kind, privilege)
    {
      guard let hit = translate(address, kind, privilege) else {
        forgetNearTranslations()
        return false
      }
      dataPage = NearPage(address, hit)
    }
    let physical = dataPage.translation.physical(address, shift: dataPage.shift)
    guard dataPage.translation.has(TLBTranslation.cacheable) else {
      counts.add(.uncached(kind, privilege))
      dataLine = NearLine()
      return true
    }
    accessData(physical &>> lineShift, kind, privilege)
    dataLine.number = nearNumber(address, privilege)
    dataLine.isDirty = kind != .load
    return true
  }

  @inline(__always) private mutating func fetch(_ address: UInt64, _ privilege: Privilege) -> Bool {
    if address & fetchPage.mask != fetchPage.base
      || !fetchPage.translation.allows(.fetch, privilege)
    {
      guard let hit = translate(address, .fetch, privilege) else {
        forgetNearTranslations()
        return false
      }
      fetchPage = NearPage(address, hit)
    }
    let physical = fetchPage.translation.physical(address, shift: fetchPage.shift)
    guard fetchPage.translation.has(TLBTranslation.cacheable) else {
      counts.add(.uncached(.fetch, privilege))
      fetchLine = NearLine()
      return true
    }
    accessInstructions(physical &>> lineShift, privilege)
    fetchLine.number = nearNumber(address, privilege)
    fetchLine.isDirty = false
    return true
  }
}
