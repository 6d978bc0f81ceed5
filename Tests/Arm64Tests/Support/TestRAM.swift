import TestSupport
import Testing
import Arm64
import MemoryTypes

/// RAM for a test, at any physical address.
@safe struct TestRAM: PhysicalMemory, @unchecked Sendable {
  let base: PhysicalAddress
  let length: ByteCount
  let bytes: UnsafeMutableRawPointer

  init(base: PhysicalAddress, length: ByteCount) {
    self.base = base
    self.length = length
    unsafe bytes = .allocate(byteCount: Int(length.rawValue), alignment: 65536)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: Int(length.rawValue))
  }

  func release() { unsafe bytes.deallocate() }

  var range: Range<PhysicalAddress> { base..<base + length }

  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer {
    precondition(range.contains(address))
    return unsafe bytes + Int((address - base).rawValue)
  }

  func physicalAddress(of pointer: UnsafeRawPointer) -> PhysicalAddress {
    base + ByteCount(UInt64(unsafe pointer - UnsafeRawPointer(bytes)))
  }

  func clearPages(at address: PhysicalAddress, _ count: PageCount, _ size: PageSize) {
    unsafe pointer(to: address).initializeMemory(
      as: UInt8.self, repeating: 0, count: Int(count.bytes(of: size).rawValue))
  }

  func copyPage(from source: PhysicalAddress, to target: PhysicalAddress, _ size: PageSize) {
    unsafe pointer(to: target).copyMemory(
      from: pointer(to: source), byteCount: Int(size.bytes.rawValue))
  }
}

/// A page size, VA size and output format, for `@Test(arguments:)`.
struct Shape: CustomTestStringConvertible, Sendable {
  let shift: UInt64
  let vaBits: UInt64
  let large: Bool

  var geometry: TranslationGeometry {
    guard let size = PageSize(shift: shift),
      let geometry = TranslationGeometry(pageSize: size, vaBits: vaBits, hasLargeOutput: large)
    else { preconditionFailure("no such geometry") }
    return geometry
  }

  var testDescription: String { "\(1 << (shift - 10))K/\(vaBits)\(large ? "/52-bit output" : "")" }

  /// Every size that Linux has, with every output format that goes with it.
  static let all: [Shape] =
    [
      (12, 39), (12, 48), (14, 36), (14, 47), (14, 48), (16, 42), (16, 48), (16, 52),
    ].flatMap {
      [
        Shape(shift: $0.0, vaBits: $0.1, large: false),
        .init(shift: $0.0, vaBits: $0.1, large: true),
      ]
    }
    + [Shape(shift: 12, vaBits: 52, large: true), Shape(shift: 14, vaBits: 52, large: true)]
}
