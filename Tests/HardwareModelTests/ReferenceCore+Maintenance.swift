import Arm64
import HardwareModel
import MemoryTypes

/// What the kernel tells the hardware to forget.
extension ReferenceCore {
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

  mutating func invalidateInstructions(at address: PhysicalAddress) {
    let line = address.rawValue / UInt64(geometry.instructionCache.line)
    let set = Int(line % UInt64(geometry.instructionCache.sets))
    instructions.entries[set].removeAll { $0.key == line }
  }

  mutating func invalidateInstructions() {
    for set in instructions.entries.indices { instructions.entries[set] = [] }
  }
}
