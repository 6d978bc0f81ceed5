/// Reads words of a process's memory: one window is at hand, and most words lie in it.
package final class HeapMemory {
  package let source: any MemorySource
  private var window: MemoryWindow
  /// A word may begin so far into the window, exclusively.
  private var reach: UInt64

  package init(_ source: any MemorySource) {
    self.source = source
    window = .none
    reach = 0
  }

  /// The 64-bit word at any address.
  @inline(__always)
  package func word(at address: UInt64) throws(HeapError) -> UInt64 {
    let offset = address &- window.start
    if offset < reach {
      return unsafe window.base.loadUnaligned(
        fromByteOffset: Int(truncatingIfNeeded: offset), as: UInt64.self)
    }
    return try far(address)
  }

  /// The 32-bit word at any address.
  package func half(at address: UInt64) throws(HeapError) -> UInt32 {
    let whole = try word(at: address & ~7)
    return UInt32(truncatingIfNeeded: whole >> (8 * (address & 4)))
  }

  /// A word where there is one.
  package func peek(_ address: UInt64) -> UInt64? { try? word(at: address) }

  /// Bytes, as many as there are of those asked for.
  package func bytes(at address: UInt64, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var at = address
    while bytes.count < count, let word = peek(at & ~7) {
      bytes.append(UInt8(truncatingIfNeeded: word >> (8 * (at & 7))))
      at &+= 1
    }
    return bytes
  }

  @inline(never)
  private func far(_ address: UInt64) throws(HeapError) -> UInt64 {
    guard address <= UInt64.max - 8 else { throw .unmapped(address: address) }
    try fetch(address)
    let offset = address &- window.start
    if offset < reach {
      return unsafe window.base.loadUnaligned(
        fromByteOffset: Int(truncatingIfNeeded: offset), as: UInt64.self)
    }
    // It lies across two windows.
    var word: UInt64 = 0
    for index: UInt64 in 0..<8 {
      if address + index &- window.start >= window.count { try fetch(address + index) }
      let byte = unsafe window.base.load(
        fromByteOffset: Int(address + index - window.start), as: UInt8.self)
      word |= UInt64(byte) << (8 * index)
    }
    return word
  }

  private func fetch(_ address: UInt64) throws(HeapError) {
    reach = 0
    window = .none
    let found = try source.window(at: address)
    guard address >= found.start, address - found.start < found.count else {
      throw .unmapped(address: address)
    }
    window = found
    reach = found.count >= 8 ? found.count - 7 : 0
  }
}
