public import HardwareModel

/// What the tool tells the observer: the first bytes of the file in which that answers.
///
/// Both are built from the same sources; ``version`` says whether they are.
public struct ObserverRequest: BitwiseCopyable, Sendable {
  @inlinable public static var magic: UInt64 { 0x3156_5245_5342_4f4b }  // "KOBSERV1"
  /// The bytes that it has in the file; what is answered begins behind them.
  @inlinable public static var room: Int { 4096 }

  public var magic: UInt64 = ObserverRequest.magic
  public var size: UInt64 = UInt64(MemoryLayout<ObserverRequest>.size)
  /// The machine's memory: where RAM begins, how long it and the board file behind it are, and the
  /// descriptors that the emulator has them as.
  public var ramStart: UInt64 = 0
  public var ramLength: UInt64 = 0
  public var boardLength: UInt64 = 0
  public var ramFile: Int64 = -1
  public var boardFile: Int64 = -1
  /// The bits that physical addresses have.
  public var physicalBits: UInt64 = 40
  public var hasHardwareAccessAndDirty = false
  /// Every access is translated by three, who must agree: the CPU, the model, the tables.
  public var checks = false
  /// A second model sees what programs do alone, for what the kernel's work costs them.
  public var apart = false
  /// Where a trace is recorded; empty for none.
  public var record = PackedPath()
  public var core: PackedCore

  public init(core: CoreGeometry) { self.core = PackedCore(core) }
}

/// A ``CoreGeometry`` in words.
public struct PackedCore: BitwiseCopyable, Sendable {
  /// Five words a structure; all zeros is one that is not there.
  private var words: InlineArray<40, UInt64> = .init(repeating: 0)
  private var walksThroughDataCache: Bool

  init(_ core: CoreGeometry) {
    walksThroughDataCache = core.walksThroughDataCache
    let tlbs = [core.instructionTLB, core.dataTLB, core.sharedTLB, core.walkCache]
    for (index, tlb) in tlbs.enumerated() {
      guard let tlb else { continue }
      put(index, [UInt64(tlb.sets), UInt64(tlb.ways), tlb.sizes], tlb.replacement)
    }
    let caches = [core.instructionCache, core.dataCache, core.secondCache, core.lastCache]
    for (index, cache) in caches.enumerated() {
      guard let cache else { continue }
      put(
        4 + index, [UInt64(cache.sets), UInt64(cache.ways), UInt64(cache.line)], cache.replacement)
    }
  }

  /// The geometry; nil where the words are of none.
  public func unpacked() -> CoreGeometry? {
    guard let instructionTLB = tlb(0), let dataTLB = tlb(1), let instructions = cache(4),
      let data = cache(5)
    else { return nil }
    return try? CoreGeometry(
      instructionTLB: instructionTLB, dataTLB: dataTLB, sharedTLB: tlb(2), walkCache: tlb(3),
      instructionCache: instructions, dataCache: data, secondCache: cache(6), lastCache: cache(7),
      walksThroughDataCache: walksThroughDataCache)
  }

  private mutating func put(_ index: Int, _ shape: [UInt64], _ replacement: Replacement) {
    let (policy, seed): (UInt64, UInt64) =
      switch replacement {
      case .leastRecentlyUsed: (0, 0)
      case .treePseudoLRU: (1, 0)
      case .firstInFirstOut: (2, 0)
      case .random(let seed): (3, seed)
      }
    for (place, word) in (shape + [policy, seed]).enumerated() { words[index * 5 + place] = word }
  }

  private func replacement(_ index: Int) -> Replacement {
    switch words[index * 5 + 3] {
    case 1: .treePseudoLRU
    case 2: .firstInFirstOut
    case 3: .random(seed: words[index * 5 + 4])
    default: .leastRecentlyUsed
    }
  }

  private func tlb(_ index: Int) -> TLBGeometry? {
    let (sets, ways) = (Int(clamping: words[index * 5]), Int(clamping: words[index * 5 + 1]))
    guard sets > 0, ways > 0, sets <= 1 << 26, ways <= 4096 else { return nil }
    guard
      var tlb = try? TLBGeometry(entries: sets * ways, ways: ways, sizes: [], replacement(index))
    else { return nil }
    tlb.sizes = words[index * 5 + 2]
    return tlb
  }

  private func cache(_ index: Int) -> CacheGeometry? {
    let (sets, ways) = (Int(clamping: words[index * 5]), Int(clamping: words[index * 5 + 1]))
    guard sets > 0, ways > 0 else { return nil }
    return try? CacheGeometry(
      sets: sets, ways: ways, line: Int(clamping: words[index * 5 + 2]), replacement(index))
  }
}

/// A path of at most 1,023 bytes, in place.
public struct PackedPath: BitwiseCopyable, Sendable {
  private var bytes: InlineArray<1024, UInt8> = .init(repeating: 0)

  /// None.
  public init() {}

  /// Nil where it is too long.
  public init?(_ path: String) {
    guard path.utf8.count < 1024 else { return nil }
    for (index, byte) in path.utf8.enumerated() { bytes[index] = byte }
  }

  /// The path; nil where there is none.
  public var text: String? {
    let used = bytes.indices.map { bytes[$0] }.prefix { $0 != 0 }
    return used.isEmpty ? nil : String(decoding: used, as: UTF8.self)
  }
}
