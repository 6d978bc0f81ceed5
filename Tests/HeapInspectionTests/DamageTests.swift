import HeapInspection
import Testing

/// Heaps that are damaged in each of the classic ways: what is named first is what this host's C
/// library prints when it comes there.
struct DamageTests {
  @Test(arguments: [
    "tcache-twice", "tcache-unaligned", "fastbin-twice", "fastbin-size", "fastbin-unaligned",
    "unsorted-size", "unsorted-next-size", "unsorted-prev-size", "unsorted-links",
    "unsorted-in-use", "small-links", "large-size", "large-links", "large-sizes", "top-size",
    "used-size", "used-wild", "used-out",
  ])
  func namesWhatGlibcNames(way: String) throws {
    let program = try HostProgram("damage", [way])
    let report = try HeapInspector(LiveMemory(program.pid, stops: true)).inspect()
    let said = try program.release()
    #expect(!said.isEmpty)
    #expect(report.damages.first?.message == said, "\(report.damages)")
    // Whatever is wrong, no byte is left out.
    let told = report.arenas[0].bytes.reduce(0, +)
    #expect(told == report.span)
  }

  @Test func findsNothingInAWholeHeap() throws {
    let program = try HostProgram("damage", ["whole"])
    let report = try HeapInspector(LiveMemory(program.pid, stops: true)).inspect()
    #expect(report.damages.isEmpty)
    #expect(try program.release().isEmpty)
  }
}
