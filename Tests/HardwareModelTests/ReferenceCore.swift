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
}

extension ReferenceCore.PageKey {
  func covers(_ address: UInt64) -> Bool { (address >> shift) << shift == start }
}
