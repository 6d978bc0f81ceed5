import Arm64
import Files
public import MemoryTypes

/// What reclaim has taken out of an address space's tables: all of it, and the few mappings that lost
/// most.
///
/// There are six rows; a mapping that has none takes that of the one with least, whose pages count
/// in the total alone from then on. Reclaim takes pages of one mapping by the batch, so whoever loses
/// much has soon more than all that lose little. A mapping is known by where it began.
public struct TakenPages: BitwiseCopyable, Sendable {
  /// A mapping's row; `pages` is 0 in an empty one.
  public struct Place: BitwiseCopyable, Sendable {
    public var start = VirtualAddress(0)
    public var pages: UInt64 = 0
  }

  public private(set) var total: UInt64 = 0
  public private(set) var places: InlineArray<6, Place> = .init(repeating: Place())

  init() {}

  /// A page of the mapping that begins there was taken.
  mutating func add(_ start: VirtualAddress) {
    total &+= 1
    var least = 0
    for index in 0..<places.count {
      if places[index].pages > 0 && places[index].start == start {
        places[index].pages &+= 1
        return
      }
      if places[index].pages < places[least].pages { least = index }
    }
    places[least] = Place(start: start, pages: 1)
  }
}

/// What a mapping is, in a few letters: the last component of its file's path, or `[heap]`.
public struct AreaLabel: BitwiseCopyable, Sendable {
  public private(set) var bytes: InlineArray<23, UInt8> = .init(repeating: 0)
  public private(set) var count: UInt8 = 0

  public init() {}

  mutating func append(_ text: ByteString) {
    for index in 0..<text.count where count < 23 {
      bytes[Int(count)] = text[index]
      count &+= 1
    }
  }
}

extension AddressSpace {
  /// Where a mapping that began at an address ends now, and what it is; nil where nothing is any
  /// more.
  public mutating func describe(
    mappingAt start: VirtualAddress
  ) -> (end: VirtualAddress, label: AreaLabel)? {
    guard let area = areas.area(containing: start) else { return nil }
    var label = AreaLabel()
    if let file = area.pointee.file, file.pointee.dentry.pointee.parent != nil {
      label.append(file.pointee.dentry.name)
    } else if area.pointee.file != nil {
      label.append("[shared]")
    } else if area.pointee.start <= programBreak && area.pointee.end >= startBreak {
      label.append("[heap]")
    } else if area.pointee.start <= startStack && area.pointee.end >= startStack {
      label.append("[stack]")
    } else {
      label.append("[anonymous]")
    }
    return (area.pointee.end, label)
  }
}
