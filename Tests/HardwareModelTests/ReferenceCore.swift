import Arm64
import HardwareModel
import MemoryTypes

/// The hardware of a core, written down as the rules say it and nothing else: no shortcuts, no
/// packed keys, the architecture's own walk.
struct ReferenceCore {
  struct PageKey: Hashable {
    var start: UInt64
    var shift: UInt64
    /// Nil is every address space.
    var asid: UInt16?
  }

  struct Page {
    var output: UInt64
    var mapping: Translation.Mapping
    var isWritable: Bool
    var attributes: Descriptor.Attributes { mapping.attributes }
    var level: Int8 { Int8(mapping.level) }
  }

  struct Table {
    var address: PhysicalAddress
    var level: Int
    var limits: Descriptor.TableAttributes
  }

  typealias Lines = ReferenceSets<UInt64, Bool>

  let geometry: CoreGeometry
  let read: (PhysicalAddress) -> Descriptor?
  var regime: TranslationRegime?
  var asid: UInt16 = 0
  var counters = ReferenceCounters()
  var dataTLB: ReferenceSets<PageKey, Page>
  var instructionTLB: ReferenceSets<PageKey, Page>
  var sharedTLB: ReferenceSets<PageKey, Page>?
  var walkCache: ReferenceSets<PageKey, Table>?
  var data: Lines
  var instructions: Lines
  var second: Lines?
  var last: Lines?
  var fault: FaultStatus?

  init(_ geometry: CoreGeometry, read: @escaping (PhysicalAddress) -> Descriptor?) {
    func sets<V>(_ g: TLBGeometry) -> ReferenceSets<PageKey, V> {
      ReferenceSets(sets: g.sets, ways: g.ways, g.replacement)
    }
    func lines(_ g: CacheGeometry) -> Lines {
      Lines(sets: g.sets, ways: g.ways, g.replacement)
    }
    self.geometry = geometry
    self.read = read
    dataTLB = sets(geometry.dataTLB)
    instructionTLB = sets(geometry.instructionTLB)
    sharedTLB = geometry.sharedTLB.map { sets($0) }
    walkCache = geometry.walkCache.map { sets($0) }
    data = lines(geometry.dataCache)
    instructions = lines(geometry.instructionCache)
    second = geometry.secondCache.map(lines)
    last = geometry.lastCache.map(lines)
  }

  mutating func access(_ record: AccessRecord) -> Bool {
    let first = record.address.rawValue
    let end = first &+ max(record.size, 1) &- 1
    let line = UInt64(geometry.dataCache.line)
    guard one(first, record) else { return false }
    if first / line != end / line {
      guard one(end, record) else { return false }
    }
    counters.accesses[record.kind, record.privilege] += 1
    return true
  }

  private mutating func one(_ address: UInt64, _ record: AccessRecord) -> Bool {
    var physical = address & 0x000f_ffff_ffff_ffff
    if regime != nil {
      guard let page = translate(address, record.kind, record.privilege) else { return false }
      physical = page.physical
      guard page.isCacheable else {
        counters.uncached[record.kind, record.privilege] += 1
        return true
      }
    }
    let line = physical / UInt64(geometry.dataCache.line)
    let level: ServedBy
    if record.kind == .fetch {
      level =
        Self.access(&instructions, geometry.instructionCache, line, false).isHit
        ? .first : accessSecond(line)
    } else {
      level = accessFirst(
        line, isWrite: record.kind != .load, readsNext: record.kind != .clear)
    }
    counters.served[record.kind, record.privilege][level.rawValue] += 1
    return true
  }

  // Caches.

  private static func access(
    _ sets: inout Lines, _ geometry: CacheGeometry, _ line: UInt64, _ isWrite: Bool
  ) -> (isHit: Bool, dirty: UInt64?) {
    let set = Int(line % UInt64(geometry.sets))
    if let position = sets.position(of: line, in: set) {
      if isWrite { sets.entries[set][position].value = true }
      sets.use(position, in: set)
      return (true, nil)
    }
    let left = sets.insert(line, isWrite, in: set)
    return (false, left.flatMap { $0.value ? $0.key : nil })
  }

  private static func writeBack(
    _ sets: inout Lines, _ geometry: CacheGeometry, _ line: UInt64
  ) -> UInt64? {
    let set = Int(line % UInt64(geometry.sets))
    if let position = sets.position(of: line, in: set) {
      sets.entries[set][position].value = true
      return nil
    }
    return sets.insert(line, true, in: set).flatMap { $0.value ? $0.key : nil }
  }

  private mutating func accessFirst(_ line: UInt64, isWrite: Bool, readsNext: Bool) -> ServedBy {
    let outcome = Self.access(&data, geometry.dataCache, line, isWrite)
    if outcome.isHit { return .first }
    let level = readsNext ? accessSecond(line) : .first
    if let dirty = outcome.dirty {
      counters.writeBacks[0] += 1
      writeBackToSecond(dirty)
    }
    return level
  }

  private mutating func accessSecond(_ line: UInt64) -> ServedBy {
    guard var sets = second, let shape = geometry.secondCache else { return accessLast(line) }
    second = nil
    let outcome = Self.access(&sets, shape, line, false)
    second = sets
    if outcome.isHit { return .second }
    let level = accessLast(line)
    if let dirty = outcome.dirty {
      counters.writeBacks[1] += 1
      writeBackToLast(dirty)
    }
    return level
  }

  private mutating func accessLast(_ line: UInt64) -> ServedBy {
    guard var sets = last, let shape = geometry.lastCache else { return .memory }
    last = nil
    let outcome = Self.access(&sets, shape, line, false)
    last = sets
    if outcome.isHit { return .last }
    if outcome.dirty != nil { counters.writeBacks[2] += 1 }
    return .memory
  }

  private mutating func writeBackToSecond(_ line: UInt64) {
    guard var sets = second, let shape = geometry.secondCache else { return writeBackToLast(line) }
    second = nil
    let dirty = Self.writeBack(&sets, shape, line)
    second = sets
    if let dirty {
      counters.writeBacks[1] += 1
      writeBackToLast(dirty)
    }
  }

  private mutating func writeBackToLast(_ line: UInt64) {
    guard var sets = last, let shape = geometry.lastCache else { return }
    last = nil
    if Self.writeBack(&sets, shape, line) != nil { counters.writeBacks[2] += 1 }
    last = sets
  }

  // Translation.

  private struct Found {
    var physical: UInt64
    var isCacheable: Bool
  }

  private mutating func translate(
    _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> Found? {
    let isFetch = kind == .fetch
    var page: (PageKey, Page)?
    if isFetch {
      page = Self.find(&instructionTLB, geometry.instructionTLB, address, asid)
    } else {
      page = Self.find(&dataTLB, geometry.dataTLB, address, asid)
    }
    if page == nil {
      counters.tlbMisses[kind, privilege] += 1
      if var shared = sharedTLB, let shape = geometry.sharedTLB {
        page = Self.find(&shared, shape, address, asid)
        sharedTLB = shared
      }
      if page != nil {
        counters.sharedTLBHits[kind, privilege] += 1
      } else {
        counters.walks[kind, privilege] += 1
        guard let walked = walk(address, privilege) else { return nil }
        page = walked
        if var shared = sharedTLB, let shape = geometry.sharedTLB {
          page = narrowed(walked, address, shape)
          Self.insert(&shared, shape, page)
          sharedTLB = shared
        }
      }
      let own = isFetch ? geometry.instructionTLB : geometry.dataTLB
      page = page.map { narrowed($0, address, own) }
      if isFetch {
        Self.insert(&instructionTLB, own, page)
      } else {
        Self.insert(&dataTLB, own, page)
      }
    }
    guard let (key, found) = page else { return nil }
    guard allows(key, found, address, kind, privilege) else { return nil }
    let inside = (UInt64(1) << key.shift) - 1
    let type = found.attributes.memoryTypeIndex
    return Found(
      physical: found.output & ~inside | address & inside,
      isCacheable: type == Int(MemoryType.normal.rawValue)
        || type == Int(MemoryType.normalTagged.rawValue))
  }

  private mutating func allows(
    _ key: PageKey, _ page: Page, _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> Bool {
    let access: Access =
      switch kind {
      case .load: .read
      case .store, .clear: .write
      case .fetch: .execute
      }
    // Whether the translation can become dirty counts for what EL1 may execute, whether it is
    // dirty for what may be written.
    var attributes = page.attributes
    if page.isWritable { attributes.remove(.readOnly) }
    var mapping = page.mapping
    mapping.attributes = attributes
    let hardware = regime?.hasHardwareAccessAndDirty == true
    guard mapping.allows(access, by: privilege, hardwareDirty: hardware) else {
      counters.faults[privilege == .kernel ? 1 : 0] += 1
      fault = .permission(level: page.level)
      return false
    }
    if access == .write, attributes.contains(.readOnly) {
      counters.dirtyUpdates[privilege == .kernel ? 1 : 0] += 1
      makeWritable(&dataTLB, address)
      if var shared = sharedTLB {
        sharedTLB = nil
        makeWritable(&shared, address)
        sharedTLB = shared
      }
    }
    return true
  }

  private func makeWritable(_ sets: inout ReferenceSets<PageKey, Page>, _ address: UInt64) {
    for set in sets.entries.indices {
      for position in sets.entries[set].indices {
        let key = sets.entries[set][position].key
        if key.covers(address), key.asid == nil || key.asid == asid {
          sets.entries[set][position].value.isWritable = true
        }
      }
    }
  }

  private static func find<V>(
    _ sets: inout ReferenceSets<PageKey, V>, _ geometry: TLBGeometry, _ address: UInt64,
    _ asid: UInt16
  ) -> (PageKey, V)? {
    // No entry is of another size.
    for shift in UInt64(12)...43
    where shift <= 16 && shift % 2 == 0 || (geometry.sizes >> shift) & 1 != 0 {
      let start = (address >> shift) << shift
      let set = Int(((start & 0x001f_ffff_ffff_ffff) >> shift) % UInt64(geometry.sets))
      for key in [
        PageKey(start: start, shift: shift, asid: asid),
        PageKey(start: start, shift: shift, asid: nil),
      ] {
        if let position = sets.position(of: key, in: set) {
          let value = sets.entries[set][position].value
          sets.use(position, in: set)
          return (key, value)
        }
      }
    }
    return nil
  }

  private static func insert<V>(
    _ sets: inout ReferenceSets<PageKey, V>, _ geometry: TLBGeometry, _ page: (PageKey, V)?
  ) {
    guard let (key, value) = page else { return }
    let set = Int(((key.start & 0x001f_ffff_ffff_ffff) >> key.shift) % UInt64(geometry.sets))
    _ = sets.insert(key, value, in: set)
  }

  /// The piece of a page that a TLB can hold.
  private func narrowed(
    _ page: (PageKey, Page), _ address: UInt64, _ geometry: TLBGeometry
  ) -> (PageKey, Page) {
    var (key, value) = page
    let own = regime?.geometry.pageSize.shift ?? 12
    let fitting = (own...key.shift).last { $0 == own || (geometry.sizes >> $0) & 1 != 0 } ?? own
    let start = (address >> fitting) << fitting
    value.output += start - key.start
    key.start = start
    key.shift = fitting
    return (key, value)
  }

  /// The tables' answer, by the architecture's walk; what is read before the table that the walk
  /// cache knows is not read.
  private mutating func walk(_ address: UInt64, _ privilege: Privilege) -> (PageKey, Page)? {
    guard let regime else { return nil }
    let own = privilege == .kernel ? 1 : 0
    var known: Table?
    if regime.isInRange(VirtualAddress(address)), var cache = walkCache,
      let shape = geometry.walkCache
    {
      known = Self.find(&cache, shape, address, asid)?.1
      walkCache = cache
      if known != nil { counters.walkCacheHits[own] += 1 }
    }
    var steps: [WalkStep] = []
    let translation = regime.walk(VirtualAddress(address), reading: read) { steps.append($0) }
    var limits = known?.limits ?? []
    for step in steps where step.level >= known?.level ?? -9 {
      let place = step.table + ByteCount(UInt64(step.index) * 8)
      let line = place.rawValue / UInt64(geometry.dataCache.line)
      let level =
        geometry.walksThroughDataCache
        ? accessFirst(line, isWrite: false, readsNext: true) : accessSecond(line)
      counters.walkReads[own][level.rawValue] += 1
      counters.descriptorReads[own][step.level + 1] += 1
      guard
        case .table(let next, let more) = step.descriptor.kind(
          at: step.level, in: regime.geometry)
      else { continue }
      limits.formUnion(more)
      if var cache = walkCache, let shape = geometry.walkCache {
        let shift = regime.geometry.shift(at: step.level)
        if (shape.sizes >> shift) & 1 != 0, next.rawValue >> regime.outputBits == 0 {
          let key = PageKey(
            start: (address >> shift) << shift, shift: shift,
            asid: VirtualAddress(address).isKernelHalf ? nil : asid)
          Self.insert(
            &cache, shape,
            (key, Table(address: next, level: step.level + 1, limits: limits)))
          walkCache = cache
        }
      }
    }
    switch translation {
    case .fault(let status):
      counters.faults[own] += 1
      fault = status
      return nil
    case .mapped(let mapping):
      let geometry = regime.geometry
      let isRun = mapping.attributes.contains(.contiguous)
      let bytes =
        isRun
        ? geometry.contiguousCoverage(at: mapping.level).rawValue
        : geometry.coverage(at: mapping.level).rawValue
      let key = PageKey(
        start: address & ~(bytes - 1), shift: UInt64(bytes.trailingZeroBitCount),
        asid: mapping.attributes.contains(.notGlobal) ? asid : nil)
      return (
        key,
        Page(
          output: mapping.address.rawValue & ~(bytes - 1), mapping: mapping,
          isWritable: !mapping.attributes.contains(.readOnly))
      )
    }
  }

  // Maintenance.

  mutating func invalidate(_ invalidation: TLBInvalidation) {
    counters.invalidations += 1
    let page = regime?.geometry.pageSize ?? .fourKiB
    func range(_ address: VirtualAddress, _ count: PageCount) -> ClosedRange<UInt64> {
      let first = address.alignedDown(to: page).rawValue
      return first...first &+ (count.bytes(of: page).rawValue &- 1)
    }
    switch invalidation {
    case .page(let address, let asid):
      forget(range(address, PageCount(1)), asid.rawValue, tables: false)
    case .pageAndTables(let address, let asid):
      forget(range(address, PageCount(1)), asid.rawValue, tables: true)
    case .range(_, let count, _, _) where count == .zero: break
    case .kernelRange(_, let count) where count == .zero: break
    case .range(let address, let count, let asid, let tables):
      forget(range(address, count), asid.rawValue, tables: tables)
    case .kernelPage(let address): forget(range(address, PageCount(1)), nil, tables: true)
    case .kernelRange(let address, let count): forget(range(address, count), nil, tables: true)
    case .addressSpace(let asid):
      forget(tables: true) { $0.asid == asid.rawValue }
    case .all: forget(tables: true) { _ in true }
    }
  }

  private mutating func forget(_ range: ClosedRange<UInt64>, _ asid: UInt16?, tables: Bool) {
    forget(tables: tables) { key in
      let own = key.start...key.start + ((1 << key.shift) - 1)
      return own.overlaps(range) && (asid == nil || key.asid == nil || key.asid == asid)
    }
  }

  private mutating func forget(tables: Bool, _ matches: (PageKey) -> Bool) {
    for set in dataTLB.entries.indices { dataTLB.entries[set].removeAll { matches($0.key) } }
    for set in instructionTLB.entries.indices {
      instructionTLB.entries[set].removeAll { matches($0.key) }
    }
    for set in sharedTLB?.entries.indices ?? 0..<0 {
      sharedTLB?.entries[set].removeAll { matches($0.key) }
    }
    for set in walkCache?.entries.indices ?? 0..<0 where tables {
      walkCache?.entries[set].removeAll { matches($0.key) }
    }
  }
}

extension ReferenceCore.PageKey {
  func covers(_ address: UInt64) -> Bool { (address >> shift) << shift == start }
}

/// The reference's own counts, to be compared one by one.
struct ReferenceCounters {
  struct Row<Value> {
    var values: [Value]
    subscript(kind: AccessKind, privilege: Privilege) -> Value {
      get { values[Int(kind.rawValue) * 2 + (privilege == .kernel ? 1 : 0)] }
      set { values[Int(kind.rawValue) * 2 + (privilege == .kernel ? 1 : 0)] = newValue }
    }
  }

  var accesses = Row(values: Array(repeating: UInt64(0), count: 8))
  var served = Row(values: Array(repeating: [UInt64](repeating: 0, count: 4), count: 8))
  var uncached = Row(values: Array(repeating: UInt64(0), count: 8))
  var tlbMisses = Row(values: Array(repeating: UInt64(0), count: 8))
  var sharedTLBHits = Row(values: Array(repeating: UInt64(0), count: 8))
  var walks = Row(values: Array(repeating: UInt64(0), count: 8))
  var walkReads = Array(repeating: [UInt64](repeating: 0, count: 4), count: 2)
  var descriptorReads = Array(repeating: [UInt64](repeating: 0, count: 5), count: 2)
  var walkCacheHits: [UInt64] = [0, 0]
  var dirtyUpdates: [UInt64] = [0, 0]
  var faults: [UInt64] = [0, 0]
  var writeBacks: [UInt64] = [0, 0, 0]
  var invalidations: UInt64 = 0

  /// What differs from the model's, by name.
  func differences(from model: Counters) -> [String] {
    var all: [String] = []
    func compare(_ name: String, _ own: UInt64, _ theirs: UInt64) {
      if own != theirs { all.append("\(name): \(theirs), the reference has \(own)") }
    }
    for kind in AccessKind.allCases {
      for privilege in [Privilege.user, .kernel] {
        let who = "\(kind) \(privilege)"
        compare("accesses \(who)", accesses[kind, privilege], model[.accesses(kind, privilege)])
        for level in ServedBy.allCases {
          compare(
            "served \(who) by \(level)", served[kind, privilege][level.rawValue],
            model[.served(kind, privilege, level)])
        }
        compare("uncached \(who)", uncached[kind, privilege], model[.uncached(kind, privilege)])
        compare("tlbMisses \(who)", tlbMisses[kind, privilege], model[.tlbMisses(kind, privilege)])
        compare(
          "sharedTLBHits \(who)", sharedTLBHits[kind, privilege],
          model[.sharedTLBHits(kind, privilege)])
        compare("walks \(who)", walks[kind, privilege], model[.walks(kind, privilege)])
      }
    }
    for (row, privilege) in [Privilege.user, .kernel].enumerated() {
      for level in ServedBy.allCases {
        compare(
          "walkReads \(privilege) \(level)", walkReads[row][level.rawValue],
          model[.walkReads(privilege, level)])
      }
      for level in -1...3 {
        compare(
          "descriptorReads \(privilege) \(level)", descriptorReads[row][level + 1],
          model[.descriptorReads(privilege, level: level)])
      }
      compare("walkCacheHits \(privilege)", walkCacheHits[row], model[.walkCacheHits(privilege)])
      compare("dirtyUpdates \(privilege)", dirtyUpdates[row], model[.dirtyUpdates(privilege)])
      compare("faults \(privilege)", faults[row], model[.faults(privilege)])
    }
    for (row, level) in [ServedBy.first, .second, .last].enumerated() {
      compare("writeBacks \(level)", writeBacks[row], model[.writeBacks(level)])
    }
    compare("invalidations", invalidations, model[.invalidations])
    return all
  }
}
