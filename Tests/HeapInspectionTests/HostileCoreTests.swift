import Foundation
import HeapInspection
import Testing

/// Cores that are cut short, overwritten or made up end with an answer or a named error.
struct HostileCoreTests {
  private func inspect(_ bytes: [UInt8]) throws -> HeapReport {
    let path = NSTemporaryDirectory() + "kilburn-heap-hostile-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try HeapInspector(CoreMemory(MappedBytes(path), files: BackingFiles(root: nil)))
      .inspect()
  }

  /// Every outcome but a trap and a hang: the stretches still cover the arenas.
  private func survives(_ bytes: [UInt8], _ what: String) {
    do {
      let report = try inspect(bytes)
      for arena in report.arenas { #expect(arena.bytes.reduce(0, &+) == arena.span, "\(what)") }
    } catch { #expect(error is HeapError, "\(what): \(error)") }
  }

  @Test func endsWhateverIsOverwritten() throws {
    let program = try HostProgram("damage", ["whole"])
    defer { program.end() }
    let core = try CoreWriter.write(LiveMemory(program.pid, stops: true))
    #expect(try inspect(core).isWhole)
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = Generator(state: seed)
    for round in 0..<60 {
      var bytes = core
      // Words of the heap and of the library's data, and of the core's own tables.
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        let end = round % 3 == 0 ? 4096 : bytes.count - 8
        let at = Int.random(in: 0..<end / 8, using: &random) * 8
        let other = Int.random(in: 0..<bytes.count / 8, using: &random) * 8
        let kinds: [[UInt8]] = [
          Array(bytes[other..<other + 8]), [UInt8](repeating: 0xff, count: 8),
          [UInt8](repeating: 0, count: 8), [0x21, 0, 0, 0, 0, 0, 0, 0x80],
        ]
        bytes.replaceSubrange(at..<at + 8, with: kinds[Int.random(in: 0..<4, using: &random)])
      }
      if round % 4 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      survives(bytes, "seed \(seed), round \(round)")
    }
  }

  @Test func namesWhatACoreIsNot() {
    #expect(throws: HeapError.cut("an ELF header of 64 bytes", offset: 0, length: 1)) {
      try inspect([0x7f])
    }
    #expect(throws: HeapError.self) { try inspect([UInt8](repeating: 0, count: 4096)) }
  }

  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }
}
