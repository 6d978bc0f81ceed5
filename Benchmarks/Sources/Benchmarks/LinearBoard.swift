import Arm64
import HardwareModel
import MemoryTypes

/// Page tables of 4K pages that map a range of addresses to physical ones in the same order.
@safe final class LinearBoard {
  private let bytes: UnsafeMutableRawPointer
  private let size: Int
  private var used: UInt64 = 0
  private let shape: TranslationGeometry
  private var root = PhysicalAddress(0)

  private static let tables = PhysicalAddress(0x4000_0000)
  private static let memory: UInt64 = 0x8000_0000

  init(from start: UInt64, bytes length: UInt64) {
    guard let shape = TranslationGeometry(pageSize: .fourKiB, vaBits: 48) else {
      preconditionFailure("4K pages have 48 bits")
    }
    self.shape = shape
    size = 4096 * Int(length >> 21 + 8)
    unsafe bytes = .allocate(byteCount: size, alignment: 4096)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    root = makeTable()
    for offset in stride(from: 0, to: length, by: 4096) {
      map(VirtualAddress(start + offset), PageFrameNumber((Self.memory + offset) >> 12))
    }
  }

  deinit { unsafe bytes.deallocate() }

  var memory: DescriptorMemory {
    unsafe DescriptorMemory(
      UnsafeRawPointer(bytes), Self.tables..<Self.tables + ByteCount(UInt64(size)))
  }

  var regime: TranslationRegime { TranslationRegime(geometry: shape, lowerRoot: root) }

  private func makeTable() -> PhysicalAddress {
    precondition(used + 4096 <= size)
    defer { used += 4096 }
    return Self.tables + ByteCount(used)
  }

  private func map(_ address: VirtualAddress, _ frame: PageFrameNumber) {
    var table = root
    for level in shape.startLevel..<3 {
      let place = offset(of: address, at: level, in: table)
      var word = unsafe bytes.load(fromByteOffset: place, as: UInt64.self)
      if word == 0 {
        let next = makeTable()
        word = Descriptor(table: PageFrameNumber(next.rawValue >> 12), in: shape).rawValue
        unsafe bytes.storeBytes(of: word, toByteOffset: place, as: UInt64.self)
      }
      table = PhysicalAddress(word & 0x0000_ffff_ffff_f000)
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
