import MemoryImages

/// A thread's cache (malloc/malloc.c: struct tcache_perthread_struct), which lies in a chunk of its
/// thread's arena: counts, then the heads of 64 single lists.
package struct TCache: Equatable, Sendable {
  /// The chunk that it lies in.
  package var chunk: UInt64
  /// The index of the arena that has the chunk.
  package var arena: Int
  /// Chunks in its lists.
  package var count: UInt64 = 0
  package var bytes: UInt64 = 0

  static let lists: UInt64 = 64
  /// The chunk's sizes: with counts of a byte (up to 2.29), and of two.
  static let sizes: [UInt64] = [0x250, 0x290]
}

extension ListReader {
  /// Reads a cache's lists; its chunks may be of any arena.
  mutating func readLists(of cache: inout TCache, size: UInt64) {
    for index in 0..<TCache.lists {
      guard let (listed, entry) = head(cache.chunk, index, size) else { return }
      let name = "the tcache at \(Hex(cache.chunk + 16)), list of \((index + 2) * 16)-byte chunks,"
      var place = entries(cache.chunk, size) + index * 8
      var address = entry
      var count: UInt64 = 0
      while address != 0 {
        guard address & 15 == 0 else {
          found(
            place, "malloc(): unaligned tcache chunk detected",
            "\(name) leads to \(Hex(address)), which is not aligned")
          break
        }
        let chunk = address &- 16
        guard places.hold(chunk), let word = memory.peek(chunk &+ 8)
        else {
          found(
            place, nil,
            "\(name) leads to \(Hex(address)), which is in no heap: malloc returns it unchecked "
              + "(tcache poisoning)")
          break
        }
        guard word & ChunkField.sizeMask == (index + 2) * 16 else {
          found(
            place, nil,
            "\(name) has \(Hex(address)), whose size is \(Hex(word & ChunkField.sizeMask)): malloc "
              + "returns it unchecked (tcache poisoning, or a size that was overwritten)")
          break
        }
        let (isNew, before) = marks.mark(chunk, .tcache)
        guard isNew else {
          found(
            chunk, "free(): double free detected in tcache 2",
            before == .tcache
              ? "\(name) comes to it a second time" : "\(name) has it, and the \(before.name), too")
          break
        }
        count += 1
        cache.count += 1
        cache.bytes += word & ChunkField.sizeMask
        place = address
        guard let link = memory.peek(place) else { break }
        address = reveal(link, at: place)
      }
      // With fewer entries than counted malloc takes what is not there; with more they are leaked.
      if address == 0, count != listed {
        found(
          cache.chunk + 16, count > listed ? "free(): too many chunks detected in tcache" : nil,
          "\(name) counts \(listed) entries and has \(count)")
      }
    }
  }

  private func entries(_ chunk: UInt64, _ size: UInt64) -> UInt64 {
    chunk + 16 + TCache.lists * (size == 0x290 ? 2 : 1)
  }

  /// The count and the head of a list.
  func head(_ chunk: UInt64, _ index: UInt64, _ size: UInt64) -> (UInt64, UInt64)? {
    let width: UInt64 = size == 0x290 ? 2 : 1
    let place = chunk + 16 + index * width
    guard let word = memory.peek(place & ~7),
      let entry = memory.peek(entries(chunk, size) + index * 8)
    else { return nil }
    return (word >> (8 * (place & 7)) & (width == 2 ? 0xffff : 0xff), entry)
  }

  /// Whether a chunk's content can be a cache: lists with a count have a head, which is a chunk of
  /// the list's size, and others have none.
  func isCache(_ chunk: UInt64, size: UInt64, mayBeEmpty: Bool) -> Bool {
    var good = 0
    var bad = 0
    for index in 0..<TCache.lists {
      guard let (count, entry) = head(chunk, index, size) else { return false }
      if count == 0 && entry == 0 { continue }
      let word = memory.peek(entry &- 8) ?? 0
      let fits =
        count != 0 && entry & 15 == 0 && word & ChunkField.sizeMask == (index + 2) * 16
        && places.hold(entry &- 16)
      if fits { good += 1 } else { bad += 1 }
    }
    // A damaged one is to be found all the same.
    if good == 0 && bad <= 1 { return mayBeEmpty }
    return good > bad
  }
}
