import HardwareModel

/// Entries in sets with a policy, the slow way: each entry knows when it came and when it was used.
struct ReferenceSets<Key: Hashable, Value> {
  struct Entry {
    var key: Key
    var value: Value
    var way: Int
    var came: Int
    var used: Int
  }

  let sets: Int
  let ways: Int
  let policy: Replacement
  var entries: [[Entry]]
  /// Under tree-PLRU, for each set and node, whether it points to its upper half.
  var trees: [[Bool]]
  var generator: UInt64 = 0
  var clock = 0

  init(sets: Int, ways: Int, _ policy: Replacement) {
    self.sets = sets
    self.ways = ways
    self.policy = policy
    entries = Array(repeating: [], count: sets)
    trees = Array(repeating: Array(repeating: false, count: 2 * ways), count: sets)
    if case .random(let seed) = policy { generator = seed &* 2 &+ 1 }
  }

  func position(of key: Key, in set: Int) -> Int? {
    entries[set].firstIndex { $0.key == key }
  }

  mutating func use(_ position: Int, in set: Int) {
    clock += 1
    entries[set][position].used = clock
    point(away: entries[set][position].way, in: set)
  }

  /// Who left.
  mutating func insert(_ key: Key, _ value: Value, in set: Int) -> Entry? {
    clock += 1
    var left: Entry?
    let held = Set(entries[set].map(\.way))
    var way = (0..<ways).first { !held.contains($0) } ?? -1
    if way < 0 {
      let index = victim(in: set)
      left = entries[set].remove(at: index)
      way = left?.way ?? 0
    }
    entries[set].append(Entry(key: key, value: value, way: way, came: clock, used: clock))
    point(away: way, in: set)
    return left
  }

  private mutating func point(away way: Int, in set: Int) {
    guard policy == .treePseudoLRU, ways > 1 else { return }
    var low = 0
    var high = ways
    var node = 1
    while high - low > 1 {
      let middle = (low + high) / 2
      let isUpper = way >= middle
      trees[set][node] = !isUpper
      node = 2 * node + (isUpper ? 1 : 0)
      if isUpper { low = middle } else { high = middle }
    }
  }

  private mutating func victim(in set: Int) -> Int {
    let all = entries[set]
    switch policy {
    case .leastRecentlyUsed: return all.indices.min { all[$0].used < all[$1].used } ?? 0
    case .firstInFirstOut: return all.indices.min { all[$0].came < all[$1].came } ?? 0
    case .treePseudoLRU:
      var low = 0
      var high = ways
      var node = 1
      while high - low > 1 {
        let middle = (low + high) / 2
        let isUpper = trees[set][node]
        node = 2 * node + (isUpper ? 1 : 0)
        if isUpper { low = middle } else { high = middle }
      }
      return all.firstIndex { $0.way == low } ?? 0
    case .random:
      generator ^= generator << 13
      generator ^= generator >> 7
      generator ^= generator << 17
      let way = Int(generator % UInt64(ways))
      return all.firstIndex { $0.way == way } ?? 0
    }
  }
}
