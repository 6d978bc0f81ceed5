import BoardFormat
import Testing

@testable import Machine

@Suite struct OutputRingTests {
  @Test func whatGoesInComesOutWhereverItWraps() {
    let size = 1 << 12
    let area = UnsafeMutableRawBufferPointer.allocate(
      byteCount: OutputRing.dataOffset + size, alignment: 4096)
    defer { unsafe area.deallocate() }
    unsafe area.initializeMemory(as: UInt8.self, repeating: 0)
    let reader = unsafe OutputRingReader(area)
    #expect(reader.take().isEmpty)

    var produced: UInt64 = 0
    var value: UInt8 = 0
    for length in [1, 4095, 4096, 7, 4000, 100, 4096, 1, 3000, 3000] {
      var sent: [UInt8] = []
      for _ in 0..<length {
        unsafe area[OutputRing.dataOffset + Int(produced) % size] = value
        sent.append(value)
        produced += 1
        value &+= 7
      }
      unsafe area.storeBytes(of: produced, toByteOffset: OutputRing.producedOffset, as: UInt64.self)
      #expect(reader.take() == sent)
      #expect(reader.take().isEmpty)
    }
    // Counts that cannot be.
    for wild in [produced + UInt64(size) + 1, .max, 0] {
      unsafe area.storeBytes(of: wild, toByteOffset: OutputRing.producedOffset, as: UInt64.self)
      #expect(reader.take().isEmpty)
    }
  }
}
