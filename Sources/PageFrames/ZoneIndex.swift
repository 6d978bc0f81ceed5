/// The zones of arm64 Linux 6.1, lowest first (include/linux/mmzone.h).
public enum ZoneIndex: UInt8, BitwiseCopyable, Sendable, Comparable {
  /// Memory that a device with 32 address bits reaches.
  case dma = 0
  /// Empty here: all of it is already DMA.
  case dma32 = 1
  case normal = 2
  /// Empty unless asked for.
  case movable = 3

  @inlinable public static var count: Int { 4 }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The name that `/proc/zoneinfo` prints.
  public var name: StaticString {
    switch self {
    case .dma: "DMA"
    case .dma32: "DMA32"
    case .normal: "Normal"
    case .movable: "Movable"
    }
  }
}
