public import Arm64
public import MemoryTypes

/// What the kernel tells the hardware to forget.
extension CoreModel {
  /// A TLB invalidation (Arm ARM D8.14).
  ///
  /// One that is only for last-level entries leaves what walks know of tables.
  public mutating func invalidate(_ invalidation: TLBInvalidation) {
    counts.add(.invalidations)
    forgetNearTranslations()
    switch invalidation {
    case .page(let address, let asid):
      forget(address, PageCount(1), UInt64(asid.rawValue), anyASID: false, tables: false)
    case .pageAndTables(let address, let asid):
      forget(address, PageCount(1), UInt64(asid.rawValue), anyASID: false, tables: true)
    case .range(let address, let count, let asid, let tables):
      forget(address, count, UInt64(asid.rawValue), anyASID: false, tables: tables)
    case .kernelPage(let address):
      forget(address, PageCount(1), 0, anyASID: true, tables: true)
    case .kernelRange(let address, let count):
      forget(address, count, 0, anyASID: true, tables: true)
    case .addressSpace(let asid):
      let number = UInt64(asid.rawValue)
      dataTLB.forgetSpace(number)
      instructionTLB.forgetSpace(number)
      sharedTLB.forgetSpace(number)
      walkCache.forgetSpace(number)
    case .all:
      dataTLB.forgetAll()
      instructionTLB.forgetAll()
      sharedTLB.forgetAll()
      walkCache.forgetAll()
    }
  }

  private mutating func forget(
    _ address: VirtualAddress, _ count: PageCount, _ asid: UInt64, anyASID: Bool, tables: Bool
  ) {
    guard let size = regime?.geometry.pageSize, count != .zero else { return }
    let first = address.alignedDown(to: size).rawValue
    let bytes = count.bytes(of: size).rawValue
    if count.rawValue == 1 {
      dataTLB.forget(first, asid, anyASID: anyASID)
      instructionTLB.forget(first, asid, anyASID: anyASID)
      sharedTLB.forget(first, asid, anyASID: anyASID)
      if tables { walkCache.forget(first, asid, anyASID: anyASID) }
      return
    }
    let last = first &+ (bytes &- 1)
    dataTLB.forget(first, through: last, asid, anyASID: anyASID)
    instructionTLB.forget(first, through: last, asid, anyASID: anyASID)
    sharedTLB.forget(first, through: last, asid, anyASID: anyASID)
    if tables { walkCache.forget(first, through: last, asid, anyASID: anyASID) }
  }

  /// Drops a line of instructions wherever the core has them (IC IVAU).
  public mutating func invalidateInstructions(at address: PhysicalAddress) {
    nearFetch = .none
    instructionCache.drop(address.rawValue &>> lineShift)
  }

  /// Drops all instructions (IC IALLU).
  public mutating func invalidateInstructions() {
    nearFetch = .none
    instructionCache.dropAll()
  }
}
