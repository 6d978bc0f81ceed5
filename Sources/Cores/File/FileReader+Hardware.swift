import HardwareModel
import MemoryTypes
import Yams

/// TLBs, walks, caches and latencies.
extension FileReader {
  /// The memory hardware; nil where the file has none of its sections.
  mutating func hardware(_ root: Node.Mapping, _ node: Node) throws(CoreFileError)
    -> CoreDescription.Hardware?
  {
    let sections = ["tlb", "walk", "caches", "latency"]
    let present = sections.filter { root[$0] != nil }
    guard !present.isEmpty else {
      if let clock = root["clock_ghz"] {
        _ = try measure(clock, "clock_ghz", in: 0.01...100)
      }
      return nil
    }
    if let missing = sections.first(where: { root[$0] == nil }) {
      throw error(
        node, "there is no '\(missing)' in a core",
        hint: "tlb, walk, caches and latency are all there or none of them")
    }
    let clock = try measure(
      member("clock_ghz", of: root, node, ""), "clock_ghz", in: 0.01...100)
    let (tlbs, shared) = try tlbs(member("tlb", of: root, node, ""))
    let walk = try walk(member("walk", of: root, node, ""))
    let caches = try caches(member("caches", of: root, node, ""))
    let latencies = try latencies(
      member("latency", of: root, node, ""), clock, hasSecond: caches[2] != nil,
      hasLast: caches[3] != nil)
    guard let instructions = caches[0], let data = caches[1] else { return nil }
    do {
      let geometry = try CoreGeometry(
        instructionTLB: tlbs.0, dataTLB: tlbs.1, sharedTLB: shared, walkCache: walk.cache,
        instructionCache: instructions, dataCache: data, secondCache: caches[2],
        lastCache: caches[3], walksThroughDataCache: walk.throughData)
      return .init(geometry: geometry, latencies: latencies)
    } catch { throw invalid(root["caches"], error) }
  }

  private func invalid(_ node: Node?, _ problem: GeometryError) -> CoreFileError {
    error(node, problem.cause, hint: problem.hint)
  }

  private mutating func tlbs(_ node: Node) throws(CoreFileError)
    -> ((TLBGeometry, TLBGeometry), TLBGeometry?)
  {
    let members = try members(
      node, "tlb", ["l1_instruction", "l1_data", "l2", "l2_coalesced_pages"])
    let instruction = try tlb(
      member("l1_instruction", of: members, node, "tlb"), "tlb.l1_instruction")
    let data = try tlb(member("l1_data", of: members, node, "tlb"), "tlb.l1_data")
    var shared: TLBGeometry?
    if let second = members["l2"] {
      if try isAbsent(second, "tlb.l2") == false { shared = try tlb(second, "tlb.l2") }
    }
    try told(members, ["l2_coalesced_pages"], "tlb")
    return ((instruction, data), shared)
  }

  /// Whether a structure is written as `null`, or as a figure of that.
  private mutating func isAbsent(_ node: Node, _ path: String) throws(CoreFileError) -> Bool {
    if FileReader.isNull(node) || node.mapping?["value"] != nil {
      guard FileReader.isNull(try value(node, path)) else {
        throw error(node, "\(path) is null or a description")
      }
      return true
    }
    return false
  }

  private mutating func tlb(_ node: Node, _ path: String) throws(CoreFileError) -> TLBGeometry {
    let members = try members(node, path, ["entries", "ways", "entry_sizes", "replacement"])
    let entries = try number(
      member("entries", of: members, node, path), "\(path).entries", in: 1...1 << 20)
    let ways = try ways(
      member("ways", of: members, node, path), "\(path).ways", full: entries)
    let sizes = try sizes(
      member("entry_sizes", of: members, node, path), "\(path).entry_sizes")
    let policy = try replacement(members, node, path)
    do { return try TLBGeometry(entries: entries, ways: ways, sizes: sizes, policy) } catch {
      throw invalid(node, error)
    }
  }

  /// A number of ways, or `full`.
  private mutating func ways(_ node: Node, _ path: String, full: Int) throws(CoreFileError)
    -> Int
  {
    let written = node.mapping?["value"] ?? node
    if written.string == "full" {
      _ = try value(node, path)
      return full
    }
    return try number(node, path, in: 1...4096)
  }

  private mutating func replacement(_ members: Node.Mapping, _ node: Node, _ path: String)
    throws(CoreFileError) -> Replacement
  {
    let word = try word(
      member("replacement", of: members, node, path), "\(path).replacement",
      ["lru", "plru", "fifo", "random"])
    return switch word {
    case "plru": .treePseudoLRU
    case "fifo": .firstInFirstOut
    case "random": .random(seed: 1)
    default: .leastRecentlyUsed
    }
  }

  private mutating func walk(_ node: Node) throws(CoreFileError)
    -> (cache: TLBGeometry?, throughData: Bool)
  {
    let members = try members(
      node, "walk",
      ["cache_entries", "cache_ways", "cache_tables", "starts_at", "allocates_in"])
    let entries = try number(
      member("cache_entries", of: members, node, "walk"), "walk.cache_entries", in: 0...4096)
    var cache: TLBGeometry?
    if entries > 0 {
      let ways = try ways(
        member("cache_ways", of: members, node, "walk"), "walk.cache_ways", full: entries)
      let tables = try word(
        member("cache_tables", of: members, node, "walk"), "walk.cache_tables", ["all", "last"])
      // What a descriptor of a table covers: the last level's on 4K, 16K, 64K pages; those above.
      var sizes: [ByteCount] = [.mebibytes(2), .mebibytes(32), .mebibytes(512)]
      if tables == "all" {
        sizes += [.gibibytes(1), .gibibytes(512), .gibibytes(64), .gibibytes(4096)]
      }
      do {
        cache = try TLBGeometry(entries: entries, ways: ways, sizes: sizes)
      } catch { throw invalid(node, error) }
    }
    let start = try word(
      member("starts_at", of: members, node, "walk"), "walk.starts_at", ["l1d", "l2"])
    try told(members, ["allocates_in"], "walk")
    return (cache, start == "l1d")
  }

  /// L1I, L1D, the second and the last level.
  private mutating func caches(_ node: Node) throws(CoreFileError) -> [CacheGeometry?] {
    let names = ["l1i", "l1d", "l2", "last_level"]
    let members = try members(node, "caches", names)
    var all: [CacheGeometry?] = []
    for (index, name) in names.enumerated() {
      let path = "caches.\(name)"
      let written = index < 2 ? try member(name, of: members, node, "caches") : members[name]
      guard let written else {
        all.append(nil)
        continue
      }
      if index >= 2, try isAbsent(written, path) {
        all.append(nil)
      } else {
        all.append(try cache(written, path))
      }
    }
    return all
  }

  private mutating func cache(_ node: Node, _ path: String) throws(CoreFileError)
    -> CacheGeometry
  {
    let told = ["size_range", "shared", "inclusion"]
    let members = try members(
      node, path, ["size_kib", "ways", "line", "replacement"] + told)
    let size = try number(
      member("size_kib", of: members, node, path), "\(path).size_kib", in: 1...1 << 20)
    let line = try number(
      member("line", of: members, node, path), "\(path).line", in: 16...2048)
    let full = size * 1024 / line
    let ways = try ways(member("ways", of: members, node, path), "\(path).ways", full: full)
    let policy = try replacement(members, node, path)
    try self.told(members, told, path)
    do {
      return try CacheGeometry(bytes: size * 1024, ways: ways, line: line, policy)
    } catch { throw invalid(node, error) }
  }

  private mutating func latencies(
    _ node: Node, _ clock: Double, hasSecond: Bool, hasLast: Bool
  ) throws(CoreFileError) -> CoreLatencies {
    let told = ["l2_tlb_access", "walk_extra"]
    let members = try members(
      node, "latency", ["base", "l1d", "l2", "last_level", "memory", "l2_tlb_extra"] + told)
    var figures: [String: Double] = [:]
    for name in ["base", "l1d", "l2", "last_level", "memory", "l2_tlb_extra"] {
      // A level that is not there has no latency.
      if name == "l2" && !hasSecond || name == "last_level" && !hasLast {
        if let written = members[name] { _ = try value(written, "latency.\(name)") }
        continue
      }
      figures[name] = try measure(
        member(name, of: members, node, "latency"), "latency.\(name)", in: 0...100_000)
    }
    try self.told(members, told, "latency")
    let first = figures["l1d"] ?? 0
    let second = figures["l2"] ?? first
    let last = figures["last_level"] ?? second
    let memory = figures["memory"] ?? last
    guard first <= second, second <= last, last <= memory else {
      throw error(node, "latency: a level is slower than the one behind it")
    }
    return CoreLatencies(
      base: figures["base"] ?? 0, first: first, second: second, last: last, memory: memory,
      sharedTLB: figures["l2_tlb_extra"] ?? 0, gigahertz: clock)
  }
}
