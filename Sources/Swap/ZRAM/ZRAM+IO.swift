import Arm64
import KernelLog
public import MemoryTypes
import PageCompressors
import PageFrames

/// Reading and writing pages (`zram_bvec_rw()`).
extension ZRAM {
  /// Stores a page; false where there is no memory for it, or no such page.
  public mutating func write(_ index: UInt64, from frame: PageFrameNumber) -> Bool {
    guard let store, index < store.slots.count else {
      statistics.invalid &+= 1
      return false
    }
    statistics.writes &+= 1
    // SAFETY: a whole page of a frame that the caller has.
    let page = unsafe UnsafeRawPointer(board.pointer(to: frame.address(board.pageSize)))
    if let word = unsafe sameWord(page) {
      empty(index)
      store.slots[index] = ZRAMSlot(same: word)
      statistics.samePages &+= 1
      statistics.pagesStored &+= 1
      return true
    }
    guard unsafe writeCompressed(index, page, store) else {
      statistics.failedWrites &+= 1
      return false
    }
    statistics.pagesStored &+= 1
    return true
  }

  private mutating func writeCompressed(
    _ index: UInt64, _ page: UnsafeRawPointer, _ store: Store
  ) -> Bool {
    let pool = store.pool
    // SAFETY: the buffer has a page, and behind that the table.
    let buffer = unsafe board.pointer(to: store.buffer.address(board.pageSize))
    let small = unsafe compressor.compress(
      page, pageBytes, to: buffer, limit: pool.pointee.hugeSize, table: buffer + pageBytes)
    let length = small ?? pageBytes
    guard let object = pool.pointee.allocate(length, owner: index, Self.storeFlags) else {
      statistics.stalls &+= 1
      return false
    }
    let used = pool.pointee.pages
    statistics.mostPages = max(statistics.mostPages, used)
    if limit > 0, used > limit {
      pool.pointee.free(object)
      return false
    }
    unsafe pool.pointee.store(small == nil ? page : UnsafeRawPointer(buffer), length, in: object)
    statistics.compressedBytes &+= UInt64(length)
    empty(index)
    store.slots[index] = ZRAMSlot(object, length, isHuge: small == nil)
    if small == nil {
      statistics.hugePages &+= 1
      statistics.hugePagesSince &+= 1
    }
    return true
  }

  /// Reads a page, false where the disk cannot; one that was never written is all zeros.
  public mutating func read(_ index: UInt64, into frame: PageFrameNumber) -> Bool {
    guard let store, index < store.slots.count else {
      statistics.invalid &+= 1
      return false
    }
    statistics.reads &+= 1
    let slot = store.slots[index]
    let target = unsafe board.pointer(to: frame.address(board.pageSize))
    guard let object = slot.object else {
      if slot.word == 0 {
        board.clearPages(at: frame.address(board.pageSize), PageCount(1), board.pageSize)
      } else {
        unsafe Self.fill(target, pageBytes, slot.word)
      }
      return true
    }
    let length = slot.length
    let buffer = unsafe board.pointer(to: store.buffer.address(board.pageSize))
    let bytes = unsafe store.pool.pointee.bytes(of: object, length, buffer: buffer)
    if slot.isHuge {
      unsafe target.copyMemory(from: bytes, byteCount: length)
      return true
    }
    guard unsafe compressor.decompress(bytes, length, to: target, room: pageBytes) else {
      statistics.failedReads &+= 1
      board.log(.error) { line in
        line.append("zram: Decompression failed! err=-22, page=")
        line.append(decimal: index)
      }
      return false
    }
    return true
  }

  /// Nobody wants a page any more (`zram_slot_free_notify()`).
  public mutating func discard(_ index: UInt64) {
    guard index < pages.rawValue else { return }
    statistics.freed &+= 1
    empty(index)
  }

  /// Gives back what a slot has (`zram_free_page()`).
  mutating func empty(_ index: UInt64) {
    guard let store else { return }
    let slot = store.slots[index]
    if slot.isSame {
      statistics.samePages &-= 1
    } else if let object = slot.object {
      if slot.isHuge { statistics.hugePages &-= 1 }
      statistics.compressedBytes &-= UInt64(slot.length)
      store.pool.pointee.free(object)
    } else {
      return
    }
    statistics.pagesStored &-= 1
    store.slots[index] = ZRAMSlot()
  }

  /// The word that a page consists of, if it is only one (`page_same_filled()`).
  @inline(__always)
  private func sameWord(_ page: UnsafeRawPointer) -> UInt64? {
    let words = unsafe page.assumingMemoryBound(to: UInt64.self)
    let count = pageBytes / 8
    let word = unsafe words[0]
    guard unsafe words[count &- 1] == word else { return nil }
    var at = 0
    while at < count {
      let a = unsafe (words[at] ^ word) | (words[at &+ 1] ^ word)
      let b = unsafe (words[at &+ 2] ^ word) | (words[at &+ 3] ^ word)
      let c = unsafe (words[at &+ 4] ^ word) | (words[at &+ 5] ^ word)
      let d = unsafe (words[at &+ 6] ^ word) | (words[at &+ 7] ^ word)
      if a | b | c | d != 0 { return nil }
      at &+= 8
    }
    return word
  }

  private static func fill(_ target: UnsafeMutableRawPointer, _ count: Int, _ word: UInt64) {
    let words = unsafe target.assumingMemoryBound(to: UInt64.self)
    var at = 0
    while at < count / 8 {
      unsafe words[at] = word
      unsafe words[at &+ 1] = word
      unsafe words[at &+ 2] = word
      unsafe words[at &+ 3] = word
      at &+= 4
    }
  }
}
