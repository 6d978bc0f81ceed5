/// How hard it is to move a page elsewhere: pages of a kind are kept together, in page blocks.
public enum MigrateType: UInt8, BitwiseCopyable, Sendable {
  case unmovable = 0
  case movable = 1
  case reclaimable = 2
  /// Blocks set aside for allocations that cannot wait.
  case highAtomic = 3

  /// The number of types, and of those that per-CPU lists know.
  @inlinable public static var count: Int { 4 }
  @inlinable public static var perCPUCount: Int { 3 }

  /// The form in which a page block's type is stored, so that zero, the state of a table never
  /// written, is movable: what `memmap_init_range()` makes every block.
  @inlinable var stored: UInt8 { rawValue ^ 1 }

  @inlinable init(stored: UInt8) {
    self = MigrateType(rawValue: (stored ^ 1) & 3) ?? .movable
  }

  /// The name that `/proc/pagetypeinfo` prints.
  public var name: StaticString {
    switch self {
    case .unmovable: "Unmovable"
    case .movable: "Movable"
    case .reclaimable: "Reclaimable"
    case .highAtomic: "HighAtomic"
    }
  }
}
