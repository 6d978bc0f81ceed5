import Arm64
import HardwareModel
import MemoryTypes

/// TLBs, and the architecture's walk where they know nothing.
extension ReferenceCore {
  struct Found {
    var physical: UInt64
    var isCacheable: Bool
  }

  mutating func translate(
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
}
