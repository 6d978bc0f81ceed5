public import AddressSpaces
import Files
public import MemoryTypes

/// A process whose pages were taken.
public struct MemoryLoser: BitwiseCopyable, Sendable {
  public internal(set) var pid: Int32 = 0
  public internal(set) var name = TaskName(exactly: "")
  public internal(set) var total: UInt64 = 0
  /// Its mappings that lost most; `pages` is 0 in an empty place.
  public internal(set) var places: InlineArray<3, Place> = .init(repeating: Place())

  public struct Place: BitwiseCopyable, Sendable {
    public var start = VirtualAddress(0)
    public var end = VirtualAddress(0)
    public var pages: UInt64 = 0
    public var label = AreaLabel()
  }

  init() {}
}

/// The processes that lost most pages and are gone.
public struct MemoryLosers: BitwiseCopyable, Sendable {
  /// `total` is 0 in an empty place.
  public private(set) var rows: InlineArray<8, MemoryLoser> = .init(repeating: MemoryLoser())

  init() {}

  mutating func add(_ loser: MemoryLoser) {
    var least = 0
    for index in 0..<rows.count where rows[index].total < rows[least].total { least = index }
    if rows[least].total < loser.total { rows[least] = loser }
  }
}
