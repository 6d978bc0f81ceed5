import MemoryTypes
import PageFrames
import Testing

@Suite struct FrameTests {
  @Test func aFrameHas64Bytes() {
    #expect(MemoryLayout<Frame>.size == 64)
    #expect(MemoryLayout<Frame>.stride == 64)
    #expect(MemoryLayout<Frame>.stride == 1 << Int(FrameTable.frameShift))
  }
}
