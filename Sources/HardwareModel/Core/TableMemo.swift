import Arm64
import MemoryTypes

/// Where last-level tables are, so that the descriptors of records to come can be fetched.
///
/// A walk's last descriptor misses the host's caches where it misses the core's, and each walk
/// waits for its own. Before a block of records is translated, while walks are frequent, the host
/// is asked for its descriptors by a guess that counts nothing; one that is wrong fetched in vain.
@safe struct TableMemo: ~Copyable {
  private struct Table: BitwiseCopyable {
    /// What of an address a table is for, all ones for none.
    var region: UInt64 = .max
    var address: UInt64 = 0
  }

  private let tables: UnsafeMutablePointer<Table>
  private static var size: Int { 256 }

  /// SAFETY: the buffer lives as long as this value, and a place is below its size.
  init() {
    unsafe tables = .allocate(capacity: Self.size)
    unsafe tables.initialize(repeating: Table(), count: Self.size)
  }

  deinit { unsafe tables.deallocate() }

  @inline(__always) private static func place(_ region: UInt64) -> Int {
    Int(truncatingIfNeeded: region) & (size &- 1)
  }

  @inline(__always) func note(_ region: UInt64, _ table: UInt64) {
    unsafe tables[Self.place(region)] = Table(region: region, address: table)
  }

  /// The table of a region, or 0.
  @inline(__always) func table(of region: UInt64) -> UInt64 {
    let table = unsafe tables[Self.place(region)]
    return table.region == region ? table.address : 0
  }
}

extension CoreModel {
  /// Has the host fetch the descriptors of a block of records.
  mutating func fetchDescriptors(_ records: UnsafePointer<AccessRecord>, _ count: Int) {
    guard let shape = regime?.geometry else { return }
    let pageShift = shape.pageSize.shift
    let regionShift = pageShift &+ shape.bitsPerLevel
    let indexMask: UInt64 = (1 &<< shape.bitsPerLevel) &- 1
    for index in 0..<count {
      let address = unsafe records[index].address.rawValue
      let table = tables.table(of: address &>> regionShift)
      if table != 0 {
        memory.prefetch(table &+ ((address &>> pageShift) & indexMask) &* 8)
      }
    }
  }
}
