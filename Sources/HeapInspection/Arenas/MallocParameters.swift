/// `mp_`, the parameters and counts of all arenas (malloc/malloc.c: struct malloc_par).
package struct MallocParameters: Equatable, Sendable {
  package var address: UInt64
  package var trimThreshold: UInt64
  package var topPad: UInt64
  package var mmapThreshold: UInt64
  package var mappedCount: UInt64
  package var mappedBytes: UInt64
  package var maximumMappedBytes: UInt64
  /// Where `brk` was when the main arena began; 0 before it did.
  package var breakBase: UInt64
  package var tcacheCount: UInt64

  /// Reads it at an address; nil where the words there cannot be one.
  init?(_ memory: HeapMemory, at address: UInt64, hasHugePages: Bool) {
    // 2.35 put thp_pagesize, hp_pagesize and hp_flags before n_mmaps.
    let counts: UInt64 = hasHugePages ? 60 : 40
    let sizes: UInt64 = hasHugePages ? 80 : 56
    guard let trim = memory.peek(address), let pad = memory.peek(address + 8),
      let threshold = memory.peek(address + 16), let arenaTest = memory.peek(address + 24),
      let count = try? memory.half(at: address + counts),
      let limit = try? memory.half(at: address + counts + 4),
      let most = try? memory.half(at: address + counts + 8),
      let fixed = try? memory.half(at: address + counts + 12),
      let bytes = memory.peek(address + sizes), let mostBytes = memory.peek(address + sizes + 8),
      let base = memory.peek(address + sizes + 16), let bins = memory.peek(address + sizes + 24),
      let tcache = memory.peek(address + sizes + 40)
    else { return nil }
    guard count <= most, most <= max(limit, 1 << 30), limit <= 1 << 30, fixed <= 1,
      arenaTest <= 1 << 20, bytes <= mostBytes, mostBytes <= 1 << 57, bins <= 64,
      tcache <= 65535, base <= 1 << 57, threshold <= 1 << 48
    else { return nil }
    self.address = address
    trimThreshold = trim
    topPad = pad
    mmapThreshold = threshold
    mappedCount = UInt64(count)
    mappedBytes = bytes
    maximumMappedBytes = mostBytes
    breakBase = base
    tcacheCount = tcache
  }

  /// How far `sbrk_base` is from the first field.
  static func baseOffset(hasHugePages: Bool) -> UInt64 { hasHugePages ? 96 : 72 }
}
