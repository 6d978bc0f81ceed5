extension ArenaSearch {
  /// Finds `mp_`: at its symbol, or around a word that is the start of the main heap.
  func parameters(_ found: Found, main: Arena) -> (MallocParameters, hasHugePages: Bool)? {
    if let address = found.parameters {
      for hasHugePages in [true, false] {
        if let parameters = MallocParameters(memory, at: address, hasHugePages: hasHugePages),
          isBase(parameters.breakBase, of: main)
        {
          return (parameters, hasHugePages)
        }
      }
    }
    // It is a variable of the same library as the main arena: before or behind it. Where nobody else
    // moved `brk`, the heap is as long as the arena's memory.
    for isExact in [true, false] {
      var at = (main.address &- 1 << 16) & ~7
      while at < main.address &+ 1 << 16 {
        defer { at &+= 8 }
        guard let word = memory.peek(at), word != 0, isBase(word, of: main) else { continue }
        guard !isExact || isExactly(word, main) else { continue }
        for hasHugePages in [true, false] {
          let start = at &- MallocParameters.baseOffset(hasHugePages: hasHugePages)
          guard
            let parameters = MallocParameters(memory, at: start, hasHugePages: hasHugePages),
            parameters.tcacheCount != 0 || !hasHugePages
          else { continue }
          return (parameters, hasHugePages)
        }
      }
    }
    return nil
  }

  private func isExactly(_ base: UInt64, _ main: Arena) -> Bool {
    guard let word = memory.peek(main.top &+ ChunkField.size) else { return false }
    return base &+ main.systemMemory == main.top &+ word & ChunkField.sizeMask
  }

  /// Whether the main heap may begin there.
  private func isBase(_ base: UInt64, of main: Arena) -> Bool {
    if base == 0 { return main.isUnused }
    guard base <= main.top || !main.isContiguous, base & 7 == 0,
      !(regions.region(at: base)?.hasFile ?? true), let size = memory.peek((base + 15) & ~15 + 8)
    else { return false }
    let length = size & ChunkField.sizeMask
    return length >= ChunkField.minimum && length & 15 == 0 && length <= main.systemMemory
  }
}
