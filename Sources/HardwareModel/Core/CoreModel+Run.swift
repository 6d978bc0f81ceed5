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
    let words = unsafe UnsafeRawPointer(records).assumingMemoryBound(to: UInt64.self)
    // Accesses that took the shortcut, and those that did not, 8 bits a kind and privilege.
    var near: UInt64 = 0
    var far: UInt64 = 0
    // What was asked for before this block is no longer in the queue.
    nearData = .none
    nearFetch = .none
    record = 0
    while record < count {
      var word = unsafe words[record]
      if (word ^ nearData.word) & nearData.same == 0 {
        // Loads and stores of one size, each within the near line: they are only counted.
        let (wanted, same) = (nearData.word, nearData.same)
        let first = record
        var end = record
        var stores: UInt64 = 0
        repeat {
          stores &+= (word &>> 60) & 1
          end &+= 1
          guard end < count else { break }
          word = unsafe words[end]
        } while (word ^ wanted) & same == 0
        record = end
        let lane = (wanted &>> 60) & 8
        let loads = UInt64(truncatingIfNeeded: end &- first) &- stores
        near &+= loads &<< lane &+ stores &<< (lane &+ 16)
        if stores != 0 { makeNearDirty() }
        continue
      }
      // The last byte's address: one that is in another line differs from the near one, too.
      let last = word &+ ((word &>> 53) & 127) &- 1
      if ((word ^ nearFetch.word) | (last ^ nearFetch.word)) & nearFetch.mask == 0 {
        near &+= 1 &<< Self.lane(word)
      } else if ((word ^ nearData.word) | (last ^ nearData.word)) & nearData.mask == 0 {
        near &+= 1 &<< Self.lane(word)
        if word & Self.storeBit != 0 { makeNearDirty() }
        nearData.expect(word, lineOffsets)
      } else {
        let isOne = (word ^ last) & lineMask | word & (1 &<< 61) == 0
        guard isOne ? data(word) : lookAtMore(unsafe records[record]) else { break }
        far &+= 1 &<< Self.lane(word)
      }
      record &+= 1
    }
    addUp(near, far)
    return record
  }

  /// What tells a store from a load.
  @inline(__always) static var storeBit: UInt64 { 1 &<< 60 }

  /// Where accesses of a kind and privilege are counted.
  @inline(__always) private static func lane(_ word: UInt64) -> UInt64 {
    let top = word &>> 60
    return (top & 3) &<< 4 | top & 8
  }

  private func addUp(_ near: UInt64, _ far: UInt64) {
    var (near, all) = (near, near &+ far)
    var row: UInt64 = 0
    while all != 0 {
      counts.add(.accesses(row: row), all & 0xff)
      counts.add(.served(row: row, .first), near & 0xff)
      all &>>= 8
      near &>>= 8
      row &+= 1
    }
  }

  /// An access that fetches, or may touch two lines; false if it faults.
  @inline(never) private mutating func lookAtMore(_ record: AccessRecord) -> Bool {
    let address = record.address.rawValue
    let lastByte = address &+ max(record.size, 1) &- 1
    if record.kind == .fetch {
      guard fetch(address, record.privilege) else { return false }
      if (address ^ lastByte) &>> lineShift != 0 {
        guard fetch(lastByte, record.privilege) else { return false }
      }
    } else {
      // Each line as an access of one byte.
      let who = record.rawValue & ~(AccessRecord.addressMask | 127 &<< 53) | 1 &<< 53
      guard data(who | address & AccessRecord.addressMask) else { return false }
      if (address ^ lastByte) &>> lineShift != 0 {
        guard data(who | lastByte & AccessRecord.addressMask) else { return false }
      }
    }
    return true
  }

  /// A load, store or clear of one line, as a record; false if it faults.
  @inline(__always) private mutating func data(_ word: UInt64) -> Bool {
    let address = AccessRecord(rawValue: word).address.rawValue
    let needed = TLBTranslation.needed(word)
    if address & dataPage.mask != dataPage.base
      || dataPage.translation.rawValue & needed != needed
    {
      guard findDataPage(AccessRecord(rawValue: word)) else { return false }
    }
    let translation = dataPage.translation
    let physical = translation.physical(address, shift: dataPage.shift)
    guard translation.has(TLBTranslation.cacheable) else {
      let record = AccessRecord(rawValue: word)
      counts.add(.uncached(record.kind, record.privilege))
      nearData = .none
      return true
    }
    nearRequest = queued
    let row = (word &>> 59) & 6 | word &>> 63
    unsafe queues.first[queued] =
      LineQueues.request(physical &>> lineShift, row: row, record: record) | word & Self.storeBit
    queued &+= 1
    // Loads of this line are near, and stores where they are allowed: a bit that tells fetches and
    // clears from them counts, the one that tells stores from loads may.
    let mayStore = ~translation.rawValue & TLBTranslation.writable
    nearData = NearLine(
      word: word & ~(3 &<< 60), mask: lineMask | 1 &<< 61 | mayStore &<< Self.writableToStore)
    nearData.expect(word, lineOffsets)
    return true
  }

  /// From the flag of a translation to what tells a store from a load.
  @inline(__always) private static var writableToStore: UInt64 {
    UInt64(storeBit.trailingZeroBitCount &- TLBTranslation.writable.trailingZeroBitCount)
  }

  /// Translates a load, store or clear; false if it faults.
  @inline(never) private mutating func findDataPage(_ record: AccessRecord) -> Bool {
    let address = record.address.rawValue
    guard let hit = translateData(address, record.kind, record.privilege) else {
      forgetNearTranslations()
      return false
    }
    dataPage = NearPage(address, hit)
    return true
  }

  @inline(never) private mutating func findFetchPage(
    _ address: UInt64, _ privilege: Privilege
  ) -> Bool {
    guard let hit = translateFetch(address, privilege) else {
      forgetNearTranslations()
      return false
    }
    fetchPage = NearPage(address, hit)
    return true
  }

  @inline(__always) private mutating func fetch(_ address: UInt64, _ privilege: Privilege) -> Bool {
    if address & fetchPage.mask != fetchPage.base
      || !fetchPage.translation.allows(.fetch, privilege)
    {
      guard findFetchPage(address, privilege) else { return false }
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
