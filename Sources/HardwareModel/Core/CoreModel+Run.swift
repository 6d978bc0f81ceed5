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
    guard let base = records.baseAddress else { return first }
    var next = first
    while next < records.count {
      let count = min(records.count &- next, LineQueues.block)
      // Eight and more: then they are worth a guess each.
      if walked >= 8 { unsafe fetchDescriptors(base + next, count) }
      walked = 0
      let done = unsafe translate(base + next, count)
      drain()
      if isNoting { note(next, done) }
      next &+= done
      guard done == count else { return next }
    }
    return next
  }

  /// The same, with a note of each access that missed something, ``noteCount`` of them.
  ///
  /// SAFETY: `notes` has room for one of each record.
  @unsafe public mutating func run(
    _ records: UnsafeBufferPointer<AccessRecord>, from first: Int,
    noting notes: UnsafeMutablePointer<UInt64>
  ) -> Int {
    unsafe self.notes = notes
    isNoting = true
    noteCount = 0
    defer {
      unsafe self.notes = nil
      isNoting = false
    }
    return unsafe run(records, from: first)
  }

  /// One access, looked up; false if it faults.
  public mutating func access(_ record: AccessRecord) -> Bool {
    let done = unsafe withUnsafePointer(to: record) { unsafe translate($0, 1) }
    drain()
    return done == 1
  }

  /// Hands out the notes of a block.
  private mutating func note(_ first: Int, _ count: Int) {
    for place in 0..<LineQueues.block {
      let noted = unsafe queues.notes[place]
      guard noted != 0 else { continue }
      unsafe queues.notes[place] = 0
      guard place < count, let notes = unsafe notes else { continue }
      unsafe notes[noteCount] = noted | UInt64(truncatingIfNeeded: first &+ place) &<< 32
      noteCount &+= 1
    }
  }

  /// Translates a block of records, and asks for their lines; how many went through.
  private mutating func translate(
    _ records: UnsafePointer<AccessRecord>, _ count: Int
  ) -> Int {
    // Accesses, and those of them that took the shortcut, 8 bits a kind and privilege.
    var all: UInt64 = 0
    var near: UInt64 = 0
    var nearWords: UInt64 = 0
    // What was asked for before this block is no longer in the queue.
    nearData = .none
    nearFetch = .none
    record = 0
    while record < count {
      let word = unsafe records[record].rawValue
      // The last byte's address: one that is in another line differs from the near one, too.
      let last = word &+ ((word &>> 53) & 127) &- 1
      if ((word ^ nearData.word) | (last ^ nearData.word)) & nearData.mask == 0 {
        let one: UInt64 = 1 &<< Self.lane(word)
        near &+= one
        all &+= one
        nearWords |= word
      } else if ((word ^ nearFetch.word) | (last ^ nearFetch.word)) & nearFetch.mask == 0 {
        let one: UInt64 = 1 &<< Self.lane(word)
        near &+= one
        all &+= one
      } else {
        if nearWords & Self.storeBit != 0 { makeNearDirty() }
        nearWords = 0
        guard look(unsafe records[record], last) else { break }
        all &+= 1 &<< Self.lane(word)
      }
      record &+= 1
    }
    if nearWords & Self.storeBit != 0 { makeNearDirty() }
    addUp(all, near)
    return record
  }

  /// What tells a store from a load.
  @inline(__always) static var storeBit: UInt64 { 1 &<< 60 }

  /// Where accesses of a kind and privilege are counted.
  @inline(__always) private static func lane(_ word: UInt64) -> UInt64 {
    let top = word &>> 60
    return (top & 3) &<< 4 | top & 8
  }

  private func addUp(_ all: UInt64, _ near: UInt64) {
    for row in UInt64(0)..<8 {
      counts.add(.accesses(row: row), (all &>> (row &* 8)) & 0xff)
      counts.add(.served(row: row, .first), (near &>> (row &* 8)) & 0xff)
    }
  }

  /// An access that is looked up; false if it faults.
  ///
  /// `last` is its record with the address of its last byte.
  @inline(__always) private mutating func look(_ record: AccessRecord, _ last: UInt64) -> Bool {
    let kind = record.kind
    if (record.rawValue ^ last) & lineMask == 0 && kind != .fetch {
      return data(record.address.rawValue, kind, record.privilege)
    }
    return lookAtMore(record)
  }

  /// An access that fetches, or may touch two lines.
  @inline(never) private mutating func lookAtMore(_ record: AccessRecord) -> Bool {
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
    return true
  }

  private mutating func data(
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
      nearData = .none
      return true
    }
    nearRequest = queued
    request(physical &>> lineShift, kind, privilege)
    // Loads of this line are near, and stores where they are allowed: a bit that tells fetches and
    // clears from them counts, the one that tells stores from loads may.
    let mayStore = dataPage.translation.allows(.store, privilege)
    nearData = NearLine(
      word: nearWord(address, privilege),
      mask: lineMask | 1 &<< 61 | (mayStore ? 0 : Self.storeBit))
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
      nearFetch = .none
      return true
    }
    request(physical &>> lineShift, .fetch, privilege)
    nearFetch = NearLine(
      word: nearWord(address, privilege) | AccessKind.fetch.rawValue &<< 60,
      mask: lineMask | 3 &<< 60)
    return true
  }

  /// A line as a record names it, with who asked: the other may not be allowed to.
  @inline(__always) private func nearWord(_ address: UInt64, _ privilege: Privilege) -> UInt64 {
    let line = address & lineMask
    return privilege == .kernel ? line | 1 &<< 63 : line & ~(1 &<< 63)
  }
}

/// What is near.
extension CoreModel {
  /// A store took the shortcut: the line that was asked for last becomes dirty.
  @inline(__always) mutating func makeNearDirty() {
    unsafe queues.first[nearRequest] |= LineQueues.dirty
  }

  /// Somebody else uses the near line's cache.
  @inline(__always) mutating func forgetNearData() { nearData = .none }

  /// After anything but an access the shortcuts say nothing any more.
  mutating func forgetNearTranslations() {
    nearData = .none
    nearFetch = .none
    dataPage = NearPage()
    fetchPage = NearPage()
  }
}
