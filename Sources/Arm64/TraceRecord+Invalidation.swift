public import BoardFormat
import MemoryTypes

extension TraceRecord {
  /// What the TLB is told.
  public init(_ invalidation: TLBInvalidation) {
    switch invalidation {
    case .page(let address, let asid):
      self.init(.page, address.rawValue, 1, asid)
    case .pageAndTables(let address, let asid):
      self.init(.pageAndTables, address.rawValue, 1, asid)
    case .range(let address, let count, let asid, let tables):
      self.init(tables ? .rangeAndTables : .range, address.rawValue, count.rawValue, asid)
    case .addressSpace(let asid): self.init(.space, 0, 0, asid)
    case .kernelPage(let address): self.init(.kernelPage, address.rawValue, 1, ASID(0))
    case .kernelRange(let address, let count):
      self.init(.kernelPage, address.rawValue, count.rawValue, ASID(0))
    case .all: self.init(.all, 0, 0, ASID(0))
    }
  }

  private init(_ kind: TraceInvalidation, _ address: UInt64, _ pages: UInt64, _ asid: ASID) {
    self.init(.invalidated, detail: kind.rawValue, address, pages, UInt64(asid.rawValue))
  }
}
