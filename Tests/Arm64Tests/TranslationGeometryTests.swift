import Arm64
import MemoryTypes
import Testing

@Suite struct TranslationGeometryTests {
  /// Page shift, VA bits, levels: what Linux configures (CONFIG_PGTABLE_LEVELS), and LPA2.
  @Test(
    arguments: [
      (12, 39, 3), (12, 48, 4), (12, 52, 5), (14, 36, 2), (14, 47, 3), (14, 48, 4), (14, 52, 4),
      (16, 42, 2), (16, 48, 3), (16, 52, 3),
    ] as [(UInt64, UInt64, Int)])
  func levels(shift: UInt64, vaBits: UInt64, levels: Int) throws {
    let size = try #require(PageSize(shift: shift))
    let geometry = try #require(
      TranslationGeometry(pageSize: size, vaBits: vaBits, hasLargeOutput: vaBits == 52))
    #expect(geometry.levels == levels)
    let top = VirtualAddress((1 << vaBits) - 1)
    for level in geometry.startLevel...3 {
      #expect(geometry.index(of: top, at: level) == geometry.entries(at: level) - 1)
    }
  }

  @Test func refusesWhatTheArchitectureLacks() {
    #expect(TranslationGeometry(pageSize: .fourKiB, vaBits: 52) == nil)
    #expect(TranslationGeometry(pageSize: .sixtyFourKiB, vaBits: 53) == nil)
    #expect(TranslationGeometry(pageSize: .sixtyFourKiB, vaBits: 29) == nil)
  }
}
