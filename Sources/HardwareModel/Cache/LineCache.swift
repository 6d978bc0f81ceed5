/// A cache of a core, its tags as narrow as physical addresses allow.
struct LineCache: ~Copyable {
  private var narrow: Cache<UInt32>
  private var wide: Cache<UInt64>
  private let isWide: Bool

  /// A cache for lines whose numbers have so many bits.
  init(_ geometry: CacheGeometry, lineBits: Int) {
    isWide = lineBits > Cache<UInt32>.lineBits(geometry)
    narrow = Cache(isWide ? .absent : geometry)
    wide = Cache(isWide ? geometry : .absent)
  }

  mutating func serve(_ task: inout CacheTask) {
    if isWide { wide.serve(&task) } else { narrow.serve(&task) }
  }

  var places: SetPlaces { isWide ? wide.places : narrow.places }

  mutating func drop(_ line: UInt64) {
    if isWide { wide.drop(line) } else { narrow.drop(line) }
  }

  mutating func dropAll() {
    if isWide { wide.dropAll() } else { narrow.dropAll() }
  }
}
