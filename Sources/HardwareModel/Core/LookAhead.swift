import Arm64
import MemoryTypes

/// Where last-level tables are, so that records to come can be read ahead.
///
/// What misses in the model misses in the host's own caches, too: the tags of large caches, the
/// descriptors. Each access waits for the one before, so the host cannot overlap them by itself.
/// Before a block of records is run, its descriptors and sets are therefore asked for, by a
/// translation that knows only tables seen before and counts nothing. It may be wrong; then it
/// fetched in vain. It is done only while misses are frequent.
@safe struct LookAhead: ~Copyable {
  private struct Table: BitwiseCopyable {
    /// What of an address a table is for, all ones for none.
    var region: UInt64 = .max
    var address: UInt64 = 0
  }

  private let tables: UnsafeMutablePointer<Table>
  /// What of the last block missed its first cache.
  private let missed: UnsafeMutablePointer<Int>

  /// The records that are looked at together.
  static var block: Int { 32 }

  /// SAFETY: the buffers live as long as this value, and an index has six bits.
  init() {
    unsafe tables = .allocate(capacity: 64)
    unsafe tables.initialize(repeating: Table(), count: 64)
    unsafe missed = .allocate(capacity: 1)
    unsafe missed.initialize(to: 0)
  }

  deinit {
    unsafe tables.deallocate()
    unsafe missed.deallocate()
  }

  @inline(__always) var isWorthIt: Bool { unsafe missed.pointee &* 4 >= Self.block }
  @inline(__always) func noteMiss() { unsafe missed.pointee &+= 1 }
  @inline(__always) func beginBlock() { unsafe missed.pointee = 0 }

  @inline(__always) func note(_ region: UInt64, _ table: UInt64) {
    unsafe tables[Int(truncatingIfNeeded: region & 63)] = Table(region: region, address: table)
  }

  @inline(__always) func table(of region: UInt64) -> UInt64? {
    let table = unsafe tables[Int(truncatingIfNeeded: region & 63)]
    return table.region == region ? table.address : nil
  }
}

extension CoreModel {
  /// Has the host fetch what a block of records will read.
  mutating func readAhead(
    _ records: UnsafeBufferPointer<AccessRecord>, _ first: Int, _ end: Int
  ) {
    guard let shape = regime?.geometry else { return }
    let pageShift = shape.pageSize.shift
    let regionShift = pageShift &+ shape.bitsPerLevel
    let indexMask: UInt64 = (1 &<< shape.bitsPerLevel) &- 1
    // Two rounds: the second reads what the first has asked for.
    for index in first..<end {
      let address = unsafe records[index].address.rawValue
      guard let table = lookAhead.table(of: address &>> regionShift) else { continue }
      let place = table &+ ((address &>> pageShift) & indexMask) &* 8
      memory.prefetch(place)
      secondCache.prefetch(place &>> lineShift)
      lastCache.prefetch(place &>> lineShift)
    }
    for index in first..<end {
      let address = unsafe records[index].address.rawValue
      guard let table = lookAhead.table(of: address &>> regionShift) else { continue }
      let place = table &+ ((address &>> pageShift) & indexMask) &* 8
      guard let word = memory.descriptor(at: place) else { continue }
      let page = Descriptor(word).output(in: shape).rawValue
      let line = (page | address & shape.pageSize.offsetMask) &>> lineShift
      secondCache.prefetch(line)
      lastCache.prefetch(line)
    }
  }
}
