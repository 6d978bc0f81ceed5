import Foundation
import HeapInspection
import MemoryImages
import RecordedCores
import Testing

/// Cores that a real Linux wrote of real arm64 processes (`Cores/record` makes them), held against
/// what malloc_info() printed in those processes before they aborted.
struct RecordedCoreTests {
  @Test(arguments: ["static-4k", "dynamic-4k", "dynamic-64k"])
  func equalsMallocInfo(name: String) throws {
    let core = try RecordedCore(name)
    let report = try HeapInspector(core.memory()).inspect()
    #expect(report.mallocInfo == core.printed)
    #expect(report.damages.isEmpty)
    #expect(report.isWhole)
    #expect(report.caches.count == 4)
    #expect(report.mapped.count == 2)
    #expect(report.mapped.reduce(0) { $0 + $1.size } == report.parameters?.mappedBytes)
  }

  /// Wherever a core is cut, the heap is there whole, or what is missing is named, with its place.
  @Test(arguments: ["static-4k", "dynamic-64k"])
  func namesWhatACutCoreMisses(name: String) throws {
    let core = try RecordedCore(name)
    let size = core.size
    var whole = 0
    for cut in [
      size - 1, size - 70_000, size / 2, size / 8, size / 64, 70_000, 5000, 700, 64, 20, 0,
    ] {
      try core.truncate(cut)
      do {
        let report = try HeapInspector(core.memory()).inspect()
        whole += 1
        #expect(report.mallocInfo == core.printed, "cut at \(cut)")
        #expect(report.title.contains("cut short"))
      } catch HeapError.truncated(let address, let offset, let length) {
        #expect(length == UInt64(cut))
        #expect(offset >= length && offset < UInt64(size))
        #expect(address != 0)
      } catch HeapError.cut(_, let offset, let length) {
        #expect(length == UInt64(cut))
        #expect(offset <= length)
      }
    }
    // Behind the heap lie only stacks.
    #expect(whole > 0 && whole < 5)
  }
}
