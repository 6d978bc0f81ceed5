import Arm64
import HardwareModel
import MemoryTypes

/// Page tables in a piece of memory, made and changed by hand.
@safe final class TestTables {
  static let start = PhysicalAddress(0x4000_0000)
  let shape: TranslationGeometry
  let bytes: UnsafeMutableRawBufferPointer
  /// The bytes of memory.
  let size: UInt64
  private var next: UInt64 = 0

  init(_ shape: TranslationGeometry, size: Int) {
    self.shape = shape
    unsafe bytes = .allocate(byteCount: size, alignment: 65536)
    self.size = UInt64(size)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe bytes.deallocate() }

  var memory: DescriptorMemory {
    unsafe DescriptorMemory(
      UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped),
      Self.start..<Self.start + ByteCount(size))
  }

  func read(_ address: PhysicalAddress) -> Descriptor? {
    let offset = address.rawValue &- Self.start.rawValue
    guard offset < size else { return nil }
    return unsafe Descriptor(bytes.load(fromByteOffset: Int(offset), as: UInt64.self))
  }

  func write(_ descriptor: Descriptor, at address: PhysicalAddress) {
    unsafe bytes.storeBytes(
      of: descriptor.rawValue, toByteOffset: Int(address.rawValue - Self.start.rawValue),
      as: UInt64.self)
  }

  /// A new, empty table; nil when the memory is full.
  func makeTable() -> PhysicalAddress? {
    guard next + shape.pageSize.bytes.rawValue <= size else { return nil }
    defer { next += shape.pageSize.bytes.rawValue }
    return Self.start + ByteCount(next)
  }

  /// The place of the descriptor for an address at a level, with the tables on the way; nil where a
  /// block is in the way or memory is full.
  func place(of address: VirtualAddress, at level: Int, under root: PhysicalAddress)
    -> PhysicalAddress?
  {
    var table = root
    var here = shape.startLevel
    while true {
      let place = table + ByteCount(UInt64(shape.index(of: address, at: here)) * 8)
      if here == level { return place }
      guard let found = read(place) else { return nil }
      switch found.kind(at: here, in: shape) {
      case .table(let below, _): table = below
      case .invalid:
        guard let made = makeTable() else { return nil }
        write(
          Descriptor(table: PageFrameNumber(made.rawValue >> shape.pageSize.shift), in: shape),
          at: place)
        table = made
      case .block, .page: return nil
      }
      here += 1
    }
  }
}
