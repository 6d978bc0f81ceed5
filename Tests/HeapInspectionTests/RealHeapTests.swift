import Foundation
import HeapInspection
import Testing

/// The heaps of real processes of this host's C library, held against what that library says itself.
struct RealHeapTests {
  @Test(arguments: [[], ["-static"]], [0, 3])
  func equalsMallocInfo(flags: [String], threads: Int) throws {
    let program = try HostProgram("fill", ["wait", "\(threads)"], flags: flags)
    defer { program.end() }
    let live = try LiveMemory(program.pid, stops: true)
    let report = try HeapInspector(live).inspect()
    #expect(report.mallocInfo == program.printed)
    #expect(report.damages.isEmpty)
    #expect(report.accounted == report.span)
    #expect(report.caches.count == threads + 1)
    #expect(report.mapped.count == Int(report.parameters?.mappedCount ?? 0))
    #expect(report.mapped.reduce(0) { $0 + $1.size } == report.parameters?.mappedBytes)

    // A core of it, with the files that it names and without any.
    let path = NSTemporaryDirectory() + "kilburn-heap-core-\(UUID().uuidString)"
    try Data(CoreWriter.write(live)).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    for root in ["", nil] {
      let core = try CoreMemory(MappedBytes(path), files: BackingFiles(root: root))
      let again = try HeapInspector(core).inspect()
      #expect(again.mallocInfo == program.printed)
      #expect(again.damages.isEmpty)
      #expect(again.accounted == report.span)
      if root == nil { #expect(again.how == "by structure") }
    }
  }

  /// Others move the break in the middle of the heap: each stretch is found, with symbols and without.
  @Test(arguments: [[], ["-static"], ["-static", "-s"]])
  func findsStretchesBetweenOthersMemory(flags: [String]) throws {
    let program = try HostProgram("foreign", flags: flags)
    defer { program.end() }
    let report = try HeapInspector(LiveMemory(program.pid, stops: true)).inspect()
    #expect(report.mallocInfo == program.printed)
    #expect(report.isWhole)
    #expect(report.arenas[0].arena.segments.count == 5)
    #expect(report.arenas[0].foreign >= 4 * 4096)
    if flags.contains("-s") { #expect(report.how == "by structure") }
  }

  /// Every byte is told of once, in order, and each address leads to the chunk that it is in.
  @Test func stretchesFollowEachOther() throws {
    let program = try HostProgram("fill", ["wait", "2"])
    defer { program.end() }
    var ends: [UInt64] = []
    var total: UInt64 = 0
    let report = try HeapInspector(LiveMemory(program.pid, stops: true)).inspect { chunk in
      if ends.last != chunk.address { ends.append(chunk.address) }
      ends[ends.count - 1] = chunk.address + chunk.size
      total += chunk.size
    }
    let segments = report.arenas.flatMap(\.arena.segments)
    #expect(ends == segments.map(\.end))
    #expect(total == report.span)
    for arena in report.arenas {
      let drawn = ChunkState.allCases.map { arena.map.bytes($0, in: 0..<arena.map.count) }
      #expect(drawn == arena.bytes)
    }
  }

  @Test func namesWhatCannotBeRead() throws {
    #expect(throws: HeapError.unreadable("there is no process 2147483600")) {
      try LiveMemory(2_147_483_600, stops: false)
    }
  }
}
