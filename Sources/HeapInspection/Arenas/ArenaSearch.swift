import MemoryImages

/// Finds the main arena: by its symbol, or by what no other memory looks like.
///
/// By structure: a bin of which nothing is free points to itself, and 254 words of a `malloc_state`
/// are such bins, so a word that is its own address less 16, twice, gives it away in a scan of the
/// library's writable data; which of the bins it was the ring of arenas tells, since `next` leads
/// back to where it began.
struct ArenaSearch {
  let memory: HeapMemory
  var regions: [MemoryRegion] { memory.source.regions }

  struct Found {
    var main: UInt64
    var parameters: UInt64?
    var how: String
    var library: String?
  }

  /// The main arena.
  func find() throws(HeapError) -> Found {
    if let found = bySymbols() { return found }
    var best: (arena: UInt64, bytes: UInt64, region: MemoryRegion)?
    var looks = Self.mostLooks
    for region in dataRegions() {
      for arena in arenas(in: region, &looks) {
        let bytes = memory.peek(arena &+ MallocState.systemMemory) ?? 0
        if best == nil || bytes > best?.bytes ?? 0 { best = (arena, bytes, region) }
      }
    }
    guard let best else {
      throw .noHeap(
        "no arena of glibc's is in \(memory.source.title): "
          + (looks < Self.mostLooks
            ? "\(Self.mostLooks - looks) places look like one, and no ring of arenas comes back there"
            : "it has another allocator, another C library, or has not allocated yet"))
    }
    return Found(main: best.arena, how: "by structure", library: library(before: best.region))
  }

  /// So many places may look like an arena and be none.
  private static let mostLooks = 4096

  // MARK: symbols

  private func bySymbols() -> Found? {
    var seen: Set<String> = []
    let files = regions.filter { $0.hasFile && $0.fileOffset == 0 }
    // The library before the program and others.
    for region in files.filter({ $0.name.contains("/libc") })
      + files.filter({ !$0.name.contains("/libc") })
    where seen.insert(region.name).inserted && seen.count <= 256 {
      guard let file = memory.source.file(region.name), let own = ELFVariables(file) else {
        continue
      }
      var places = [(own, region.name)]
      if let path = own.debugFile, let debug = try? MappedBytes(path),
        let variables = ELFVariables(debug)
      {
        places.append((variables, path))
      }
      for (variables, path) in places {
        let values = variables.values(of: ["main_arena", "mp_"])
        guard let main = values["main_arena"] else { continue }
        let base = region.start &- own.linkedBase
        guard looksLikeArena(base &+ main) else { continue }
        return Found(
          main: base &+ main, parameters: values["mp_"].map { base &+ $0 },
          how: "by the symbols of \(path)", library: region.name)
      }
    }
    return nil
  }

  // MARK: structure

  /// Where variables of libraries are: writable memory of files and what follows it; everything
  /// that is writable where no region has a file.
  private func dataRegions() -> [MemoryRegion] {
    var found: [MemoryRegion] = []
    for (index, region) in regions.enumerated() where region.isWritable && region.size <= 1 << 30 {
      let follows =
        index > 0 && regions[index - 1].end == region.start && regions[index - 1].hasFile
      if region.hasFile || follows { found.append(region) }
    }
    if found.isEmpty { found = regions.filter { $0.isWritable && $0.size <= 1 << 30 } }
    return found.filter { $0.name.contains("/libc") } + found.filter { !$0.name.contains("/libc") }
  }

  private func library(before region: MemoryRegion) -> String? {
    if region.hasFile { return region.name }
    return regions.last { $0.end <= region.start && $0.hasFile }?.name
  }

  /// The arenas in a region: main ones, since it is no heap's.
  ///
  /// Each place is looked at once, and of those that look like an arena `looks` more are tried.
  private func arenas(in region: MemoryRegion, _ looks: inout Int) -> [UInt64] {
    var found: [UInt64] = []
    var at = (region.start + 7) & ~7
    // The highest place that was looked at, by its address modulo 16.
    var seen: (UInt64, UInt64) = (0, 0)
    while at + 16 <= region.end {
      guard let word = memory.peek(at) else {
        // What a core does not store ends the region.
        if memory.source.regions.readable(behind: at) ?? .max >= region.end { break }
        at = (at & ~0xfff) + 0x1000
        continue
      }
      if word == at &- 16, memory.peek(at + 8) == at &- 16 {
        // The links of bin `index` are 96 + 16·index bytes behind the arena's first.
        let lowest = at & 8 == 0 ? seen.0 : seen.1
        var arena: UInt64?
        for index: UInt64 in 1..<MallocState.binCount {
          let candidate = at &- 96 &- index * 16
          guard candidate > lowest, looks > 0 else { break }
          guard looksLikeArena(candidate) else { continue }
          looks -= 1
          if ring(from: candidate) != nil {
            arena = candidate
            break
          }
        }
        if at & 8 == 0 { seen.0 = at &- 112 } else { seen.1 = at &- 112 }
        if let arena {
          found.append(arena)
          at = max(at + 16, arena + MallocState.size)
          continue
        }
      }
      at += 8
    }
    return found
  }

  /// Whether the words at an address can be a `malloc_state` that is in use, but for its ring.
  private func looksLikeArena(_ arena: UInt64) -> Bool {
    guard arena & 7 == 0, let flags = try? memory.half(at: arena + MallocState.flags), flags <= 7,
      let top = memory.peek(arena &+ MallocState.top), top != 0, top & 15 == 0 || top == arena + 96,
      let system = memory.peek(arena &+ MallocState.systemMemory), system <= 1 << 57
    else { return false }
    // A heap may be damaged, and is to be found all the same.
    var inconsistent = 0
    for index in 1..<MallocState.binCount {
      let bin = MallocState.bin(index, of: arena)
      guard let forward = memory.peek(bin + 16), let backward = memory.peek(bin + 24) else {
        return false
      }
      if forward == bin && backward == bin { continue }
      if forward != bin && backward != bin && forward != 0 { continue }
      inconsistent += 1
      guard inconsistent < 32 else { return false }
    }
    return true
  }

  /// All arenas, from one on; nil where their ring does not come back.
  ///
  /// A ring that leads elsewhere and goes round there is seen as soon as it was gone round twice
  /// (Brent's algorithm); and there are no more arenas than memory has room for.
  func ring(from main: UInt64) -> [UInt64]? {
    let most = min(65536, memory.source.capacity / MallocState.size + 1)
    var arenas = [main]
    var at = main
    var mark = main
    var power = 1
    while arenas.count <= most {
      guard let next = memory.peek(at &+ MallocState.next), next & 7 == 0 else { return nil }
      if next == main { return arenas }
      if next == mark { return nil }
      if arenas.count == power { (mark, power) = (next, power * 2) }
      at = next
      arenas.append(at)
    }
    return nil
  }
}
