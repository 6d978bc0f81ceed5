public import Arm64
public import MemoryTypes

/// Page tables that map a range of addresses to physical ones in the same order, for programs that
/// nobody wrote: pointer chases, benchmarks.
@safe public final class LinearTables {
  private let bytes: UnsafeMutableRawPointer
  private let size: Int
  private var used: UInt64 = 0
  private let shape: TranslationGeometry
  private var root = tables

  /// Where the tables lie, and what they map to.
  private static let tables = PhysicalAddress(0x4000_0000)
  private static let memory: UInt64 = 0x8000_0000

  /// Maps `length` bytes from `start` on, in pages.
  public init(from start: VirtualAddress, _ length: ByteCount, in shape: TranslationGeometry) {
    self.shape = shape
    let page = shape.pageSize.bytes.rawValue
    // A last-level table and a half full of each table above it, at the ends one more.
    let lastLevel = length.rawValue >> shape.shift(at: 2)
    size = Int(page * (lastLevel + lastLevel >> (shape.bitsPerLevel - 1) + 16))
    unsafe bytes = .allocate(byteCount: size, alignment: 65536)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    _ = makeTable()
    for offset in stride(from: 0, to: length.rawValue, by: Int(page)) {
      map(
        VirtualAddress(start.rawValue + offset),
        PageFrameNumber((Self.memory + offset) >> shape.pageSize.shift))
    }
  }

  deinit { unsafe bytes.deallocate() }

  /// The memory that they lie in; valid as long as this is.
  public var memory: DescriptorMemory {
    unsafe DescriptorMemory(
      UnsafeRawPointer(bytes), Self.tables..<Self.tables + ByteCount(UInt64(size)))
  }

  public var regime: TranslationRegime { TranslationRegime(geometry: shape, lowerRoot: root) }

  private func makeTable() -> PhysicalAddress {
    let page = shape.pageSize.bytes.rawValue
    precondition(used + page <= size)
    defer { used += page }
    return Self.tables + ByteCount(used)
  }

  private func map(_ address: VirtualAddress, _ frame: PageFrameNumber) {
    var table = root
    for level in shape.startLevel..<3 {
      let place = offset(of: address, at: level, in: table)
      var descriptor = unsafe Descriptor(bytes.load(fromByteOffset: place, as: UInt64.self))
      if !descriptor.isValid {
        let next = makeTable().rawValue >> shape.pageSize.shift
        descriptor = Descriptor(table: PageFrameNumber(next), in: shape)
        unsafe bytes.storeBytes(of: descriptor.rawValue, toByteOffset: place, as: UInt64.self)
      }
      table = descriptor.output(in: shape)
    }
    let page: Descriptor.Attributes = [
      .valid, .tableBit, .accessed, .innerShareable, .user, .notGlobal, .userExecuteNever,
      .privilegedExecuteNever,
    ]
    let place = offset(of: address, at: 3, in: table)
    let word = Descriptor(page: frame, page, in: shape).rawValue
    unsafe bytes.storeBytes(of: word, toByteOffset: place, as: UInt64.self)
  }

  private func offset(of address: VirtualAddress, at level: Int, in table: PhysicalAddress) -> Int {
    Int(table.rawValue - Self.tables.rawValue) + shape.index(of: address, at: level) * 8
  }
}
