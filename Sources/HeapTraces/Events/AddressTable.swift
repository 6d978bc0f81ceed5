/// The slots of live objects by their address: a flat table, open addressing, linear probing.
///
/// Only readers of formats that know nothing but addresses use it; it grows with live objects and
/// not with the trace. Removal moves later entries back (Knuth 6.4, algorithm R), so there are no
/// tombstones and a probe ends at the first empty place.
///
/// Invariant: `count * 2 <= capacity`, and capacity is a power of two.
@safe
package struct AddressTable: ~Copyable {
  private struct Entry {
    /// 0 in an empty place: NULL is no object.
    var address: UInt64
    var slot: UInt32
  }

  /// SAFETY: `mask + 1` entries, owned, all set.
  private var entries: UnsafeMutablePointer<Entry>
  private var mask: Int
  package private(set) var count = 0

  package init() {
    mask = 1023
    unsafe entries = Self.empty(mask + 1)
  }

  deinit { unsafe entries.deallocate() }

  private static func empty(_ capacity: Int) -> UnsafeMutablePointer<Entry> {
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    unsafe entries.initialize(repeating: Entry(address: 0, slot: 0), count: capacity)
    return unsafe entries
  }

  /// Where an address belongs.
  ///
  /// Objects are 16 bytes apart at least, so the low bits say nothing.
  @inline(__always)
  private func home(_ address: UInt64) -> Int {
    Int(truncatingIfNeeded: ((address >> 4) &* 0x9E37_79B9_7F4A_7C15) >> 24) & mask
  }

  /// The slot of the object at an address.
  @inline(__always)
  package func slot(at address: UInt64) -> UInt32? {
    var index = home(address)
    while true {
      let entry = unsafe entries[index]
      if entry.address == address { return address == 0 ? nil : entry.slot }
      if entry.address == 0 { return nil }
      index = (index &+ 1) & mask
    }
  }

  /// Adds an object at an address that is not 0 and has none.
  package mutating func insert(_ address: UInt64, _ slot: UInt32) {
    precondition(address != 0)
    if count &* 2 > mask { grow() }
    var index = home(address)
    while unsafe entries[index].address != 0 { index = (index &+ 1) & mask }
    unsafe entries[index] = Entry(address: address, slot: slot)
    count &+= 1
  }

  /// Removes the object at an address, and tells its slot.
  package mutating func remove(_ address: UInt64) -> UInt32? {
    guard address != 0 else { return nil }
    var hole = home(address)
    while unsafe entries[hole].address != address {
      if unsafe entries[hole].address == 0 { return nil }
      hole = (hole &+ 1) & mask
    }
    let slot = unsafe entries[hole].slot
    var index = hole
    while true {
      index = (index &+ 1) & mask
      let entry = unsafe entries[index]
      if entry.address == 0 { break }
      // It may fill the hole unless its home lies behind the hole and not behind itself.
      let distance = (index &- home(entry.address)) & mask
      if distance >= (index &- hole) & mask {
        unsafe entries[hole] = entry
        hole = index
      }
    }
    unsafe entries[hole] = Entry(address: 0, slot: 0)
    count &-= 1
    return slot
  }

  private mutating func grow() {
    let old = unsafe entries
    let oldCount = mask + 1
    mask = mask * 2 + 1
    unsafe entries = Self.empty(mask + 1)
    for index in 0..<oldCount {
      let entry = unsafe old[index]
      guard entry.address != 0 else { continue }
      var place = home(entry.address)
      while unsafe entries[place].address != 0 { place = (place &+ 1) & mask }
      unsafe entries[place] = entry
    }
    unsafe old.deallocate()
  }
}
