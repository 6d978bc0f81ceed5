package import MemoryTypes

/// Linux's page table dumper: makes ranges of entries that are alike, and says where regions begin
/// (arch/arm64/mm/ptdump.c:note_page).
///
/// An entry continues the range before it where it is at the same level and has the same attributes,
/// wherever it points to. A range also ends where a region does. One step passes two markers at
/// most, as Linux's does; so of regions that lie closer than entries, some are named late.
package struct PageTableDump: EntrySink {
  /// What is told: a region begins, or a range of alike entries has ended.
  package enum Line: Equatable, Sendable {
    case marker(String)
    case range(start: VirtualAddress, end: VirtualAddress, level: Int, attributes: UInt64)
  }

  /// Where a region begins, or ends.
  package struct Marker: Equatable, Sendable {
    package var start: VirtualAddress
    package var name: String

    package init(_ start: VirtualAddress, _ name: String) {
      self.start = start
      self.name = name
    }
  }

  package static var mask: UInt64 { PageTableBits.mask }

  private let markers: [Marker]
  private let tell: (Line) -> Void
  /// The marker passed last, and where the next one is.
  private var marker = 0
  private var next: UInt64
  /// The range that has begun; a level of -1 where none has.
  private var level = -1
  private var attributes: UInt64 = 0
  private var start = VirtualAddress(0)

  /// Markers are in order; the first is where the dump begins.
  package init(markers: [Marker], tell: @escaping (Line) -> Void) {
    self.markers = markers
    self.tell = tell
    next = markers.count > 1 ? markers[1].start.rawValue : .max
  }

  @inline(__always)
  package mutating func note(_ address: VirtualAddress, _ level: Int, _ value: UInt64) {
    let attributes = value & Self.mask
    if attributes == self.attributes && level == self.level && address.rawValue < next { return }
    change(address, level, attributes)
  }

  @inline(never)
  private mutating func change(_ address: VirtualAddress, _ level: Int, _ attributes: UInt64) {
    if self.level == -1 {
      begin(address, level, attributes)
      tell(.marker(markers[marker].name))
    } else {
      tell(.range(start: start, end: address, level: self.level, attributes: self.attributes))
      pass(address)
      begin(address, level, attributes)
    }
    pass(address)
  }

  private mutating func begin(_ address: VirtualAddress, _ level: Int, _ attributes: UInt64) {
    start = address
    self.level = level
    self.attributes = attributes
  }

  private mutating func pass(_ address: VirtualAddress) {
    guard address.rawValue >= next else { return }
    marker += 1
    tell(.marker(markers[marker].name))
    next = marker + 1 < markers.count ? markers[marker + 1].start.rawValue : .max
  }

  /// Tells of the last range, which ends at the top (ptdump_walk_pgd's "flush out the last page").
  package mutating func finish() { finish(at: VirtualAddress(0)) }

  /// The same, of a half that ends elsewhere.
  package mutating func finish(at end: VirtualAddress) {
    if level == -1 {
      tell(.marker(markers[marker].name))
    } else {
      tell(.range(start: start, end: end, level: level, attributes: attributes))
      level = -1
    }
  }

  package func hasMark(in start: VirtualAddress, _ length: ByteCount) -> Bool {
    next <= (start + length).rawValue &- 1
  }
}
