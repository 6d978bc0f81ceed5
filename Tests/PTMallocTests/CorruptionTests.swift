import Foundation
import Glibc
import PTMalloc
import Testing

/// The classic errors of programs with their heap: the same message, and the same end, as the C
/// library of this machine.
@Suite(.serialized, .enabled(if: MallocDriver.isOurVersion)) struct CorruptionTests {
  /// One program of mistakes, in the steps of Tests/MallocDriver/corrupt.c.
  struct Mistake: CustomStringConvertible, Sendable {
    var description: String
    var script: String
    var tunables = ""

    init(_ description: String, _ script: String, tunables: String = "") {
      self.description = description
      self.script = script
      self.tunables = tunables
    }
  }

  /// Fills slot 10 to 16 with chunks of a size and frees them, so that its tcache bin is full.
  static func full(_ size: Int) -> String {
    (10..<17).map { "m \($0) \(size);" }.joined() + (10..<17).map { "f \($0);" }.joined()
  }

  static let table: [Mistake] = [
    Mistake("nothing wrong", "m 0 24; f 0; m 1 5000; f 1; i; t; x"),
    Mistake("double free, tcache", "m 0 24; f 0; f 0"),
    Mistake("double free, tcache, not the first", "m 0 24; m 1 24; f 0; f 1; f 0"),
    Mistake("double free, fastbin", "m 0 24; m 9 24;" + full(24) + "f 0; f 0"),
    Mistake(
      "double free, fastbin, not the top",
      "m 0 24; m 1 24;" + full(24) + "f 0; f 1; f 0; c 2 24; c 3 24; c 4 24"),
    Mistake("double free, small", "m 0 500; m 1 500; m 2 500;" + full(500) + "f 0; f 0"),
    Mistake("double free, large", "m 0 5000; m 1 5000; f 0; f 0"),
    Mistake("double free of top", "m 0 5000; f 0; f 0"),
    Mistake("double free of a mapping", "m 0 200000; m 1 100; f 0; f 0"),
    Mistake("double free after trimming", "m 0 100000; m 1 100000; m 2 100000; f 2; f 1; f 0; f 2"),
    Mistake("a pointer to nowhere", "F 0 0x10000000"),
    Mistake("a pointer into a chunk", "m 0 100; F 0 8"),
    Mistake("a pointer into a chunk, aligned", "m 0 100; F 0 16"),
    Mistake("a size of 0", "m 0 100; w 0 -8 0; f 0"),
    Mistake("a size of 17", "m 0 100; w 0 -8 0x11; f 0"),
    Mistake("a size that wraps", "m 0 100; w 0 -8 0xfffffffffffffff1; f 0"),
    Mistake("an unaligned size", "m 0 100; w 0 -8 0x79; f 0"),
    Mistake("a larger size", "m 0 2000; m 1 2000; w 0 -8 0x901; f 0"),
    Mistake("a size beyond top", "m 0 2000; m 1 2000; w 0 -8 0x80001; f 0"),
    Mistake("the next size, fast", "m 0 24; m 1 24;" + full(24) + "w 0 24 0; f 0"),
    Mistake("the next size, large, fast", "m 0 24; m 1 24;" + full(24) + "w 0 24 0xffff1; f 0"),
    Mistake("the next size, normal", "m 0 2000; m 1 2000; w 0 2008 1; f 0"),
    Mistake("the next size, huge", "m 0 2000; m 1 2000; w 0 2008 0xfffff1; f 0"),
    Mistake("the next size without its flag", "m 0 2000; m 1 2000; w 0 2008 0x7e0; f 0"),
    Mistake("prev_size of a free chunk", "m 0 2000; m 1 2000; m 2 2000; f 0; w 1 -16 0x10; f 1"),
    Mistake("size of a free chunk", "m 0 2000; m 1 2000; m 2 2000; f 0; w 0 -8 0x7f1; f 1"),
    Mistake("fd of a free chunk", "m 0 2000; m 1 2000; m 2 2000; f 0; p 0 0 2 0; f 1"),
    Mistake("bk of a free chunk", "m 0 2000; m 1 2000; m 2 2000; f 0; p 0 8 2 0; m 3 3000"),
    Mistake("fd in the unsorted bin", "m 0 2000; m 1 100; f 0; p 0 0 1 0; m 3 3000"),
    Mistake(
      "unsorted bin's first, at free", "m 0 2000; m 1 100; m 2 2000; m 3 100; f 0; p 0 8 1 0; f 2"),
    Mistake("size 0 in the unsorted bin", "m 0 2000; m 1 100; f 0; w 0 -8 0; m 3 3000"),
    Mistake(
      "size 2^40 in the unsorted bin", "m 0 2000; m 1 100; f 0; w 0 -8 0x10000000001; m 3 3000"),
    Mistake("next size in the unsorted bin", "m 0 2000; m 1 100; f 0; w 1 -8 0; m 3 3000"),
    Mistake(
      "next size 2^40 in the unsorted bin", "m 0 2000; m 1 100; f 0; w 1 -8 0x10000000000; m 3 3000"
    ),
    Mistake("prev_size in the unsorted bin", "m 0 2000; m 1 100; f 0; w 1 -16 0x500; m 3 3000"),
    Mistake("flag in the unsorted bin", "m 0 2000; m 1 100; f 0; w 1 -8 0x71; m 3 3000"),
    Mistake(
      "small bin's list",
      "m 0 500; m 1 100; m 2 500; m 3 100;" + full(500) + "f 0; f 2; m 4 3000; p 0 8 1 0; c 5 500"),
    Mistake("large bin: size", "m 0 5000; m 1 100; f 0; m 2 9000; w 0 -8 0x2001; m 3 5000"),
    Mistake(
      "large bin: nextsize at insertion",
      "m 0 5000; m 1 100; m 2 5100; m 3 100; f 0; m 4 9000; p 0 24 3 0; f 2; m 5 9000"),
    Mistake(
      "large bin: bk at insertion",
      "m 0 5000; m 1 100; m 2 5100; m 3 100; f 0; m 4 9000; p 0 8 3 0; f 2; m 5 9000"),
    Mistake(
      "large bin: nextsize at removal",
      "m 0 5000; m 1 100; m 2 5100; m 3 100; f 0; f 2; m 4 9000; p 0 16 3 0; m 5 4990"),
    Mistake("large bin: fd at removal", "m 0 5000; m 1 100; f 0; m 4 9000; p 0 0 1 0; m 5 5000"),
    Mistake("tcache: a misaligned link", "m 0 24; m 1 24; f 0; f 1; l 1 0 0 8; m 2 24; m 3 24"),
    Mistake(
      "tcache: an aligned link (poisoned)",
      "m 0 24; m 1 24; m 9 100; f 0; f 1; l 1 0 9 16; m 2 24; m 3 24"),
    Mistake(
      "tcache: a misaligned link at a double free", "m 0 24; m 1 24; f 0; f 1; l 1 0 0 8; f 0"),
    Mistake(
      "tcache: too many", "m 0 24; m 1 24; f 0; f 1; l 0 0 0 0; m 9 24; w 1 8 0; e 1 0; f 0",
      tunables: ""),
    Mistake(
      "tcache: a cycle seen at a double free",
      "m 0 24; m 1 24; m 2 24; f 0; f 1; f 2; l 1 0 2 0; f 0"),
    Mistake(
      "fastbin: a misaligned link",
      "m 0 24; m 1 24;" + full(24) + "f 0; f 1; l 1 0 0 8; c 2 24; c 3 24"),
    Mistake("fastbin: wrong size", "m 0 24; m 1 24;" + full(24) + "f 0; w 0 -8 0x41; c 2 24"),
    Mistake(
      "fastbin: a misaligned link for the tcache",
      "m 0 24; m 1 24; m 2 24;" + full(24)
        + "f 0; f 1; f 2; l 1 0 0 8; m 20 24; m 21 24; m 22 24; m 23 24;"
        + "m 24 24; m 25 24; m 26 24; m 27 24"),
    Mistake(
      "fastbin: a misaligned link, consolidating",
      "m 0 24; m 1 24;" + full(24) + "f 0; f 1; l 1 0 0 8; t"),
    Mistake(
      "fastbin: wrong size, consolidating", "m 0 24; m 1 24;" + full(24) + "f 0; w 0 -8 0x41; t"),
    Mistake(
      "fastbin: a misaligned link, mallinfo",
      "m 0 24; m 1 24;" + full(24) + "f 0; f 1; l 1 0 0 8; i"),
    Mistake(
      "fastbin: a misaligned link, malloc_info",
      "m 0 24; m 1 24;" + full(24) + "f 0; f 1; l 1 0 0 8; x"),
    Mistake(
      "fastbin: prev_size, consolidating",
      "m 8 2000; m 0 24; m 1 24;" + full(24) + "f 8; w 0 -16 0x20; f 0; t"),
    Mistake("top size too large", "m 0 24; w 0 24 0xffffffffffffffff; m 1 100000"),
    Mistake("top size unaligned", "m 0 24; w 0 24 0x501; m 1 5000"),
    Mistake(
      "top size aligned to a page (house of orange)", "m 0 24; w 0 24 0xd31; m 1 5000; m 2 5000"),
    Mistake("top size zero", "m 0 24; w 0 24 0; m 1 5000"),
    Mistake("top size without its flag", "m 0 24; w 0 24 0xd30; m 1 5000"),
    Mistake("realloc of a wild pointer", "m 0 100; w 0 -8 0xfffffffffffffff1; r 0 200"),
    Mistake(
      "realloc of a misaligned pointer", "m 0 100; w 0 0 0x71; e 1 0; w 1 8 0; p 2 0 0 8",
      tunables: ""),
    Mistake("realloc with size 0", "m 0 100; w 0 -8 0x1; r 0 200"),
    Mistake("realloc with a size beyond the heap", "m 0 100; w 0 -8 0x100001; r 0 200"),
    Mistake("realloc: next size 0", "m 0 100; m 1 100; w 1 -8 1; r 0 200"),
    Mistake("realloc: next size beyond the heap", "m 0 100; m 1 100; w 1 -8 0x100001; r 0 200"),
    Mistake(
      "realloc into a free chunk with a bad list",
      "m 0 2000; m 1 2000; m 2 100; f 1; p 1 0 2 0; r 0 3000"),
    Mistake("mapped chunk: size", "m 0 200000; w 0 -8 0x31012; f 0"),
    Mistake("mapped chunk: prev_size", "m 0 200000; w 0 -16 0x10; f 0"),
    Mistake("mapped chunk: realloc with a bad size", "m 0 200000; w 0 -8 0x31012; r 0 300000"),
    Mistake("mapped flag on a chunk of the heap", "m 0 100; w 0 -8 0x73; f 0"),
    Mistake("mapped flag on a chunk of the heap, realloc", "m 0 100; w 0 -8 0x73; r 0 500"),
    Mistake(
      "memalign over a bad unsorted bin", "m 0 2000; m 1 100; f 0; w 1 -16 0x500; a 3 4096 5000"),
    Mistake("memalign over a bad top", "m 0 24; w 0 24 0x501; a 1 64 5000"),
    Mistake(
      "a break taken back", "m 0 24; s -4096; m 1 200000", tunables: "glibc.malloc.mmap_max=0"),
    Mistake("break moved by others", "m 0 24; s 4096; m 1 100000; m 2 100000; f 1; f 2; i"),
    Mistake(
      "a fast chunk freed under the lock",
      "m 0 24; m 1 5000; m 2 24;" + full(24) + "f 0; w 0 -8 0x41; r 1 4970"),
    Mistake(
      "unsorted bin's list at a split",
      "m 0 5000; m 1 100; f 0; m 2 9000; m 3 2000; m 4 100; f 3; p 3 8 4 0; m 5 3000"),
    Mistake(
      "a large bin's chunk merged", "m 0 5000; m 1 5000; m 2 100; f 0; m 4 9000; p 0 16 2 0; f 1"),
    Mistake("use after free of a size", "m 0 2000; m 1 2000; f 0; w 0 -8 0x801; m 2 2000"),
  ]

  /// What the library says where the real one prints a message and aborts.
  static func library(_ mistake: Mistake) throws -> String {
    var tunables = MallocTunables()
    tunables.set(fromEnvironment: mistake.tunables.utf8)
    let heap = try TestHeap(Host.environment, tunables)
    var thread = MallocThread()
    var slots = [UInt64](repeating: 0, count: 64)
    do throws(HeapAbort) {
      for step in mistake.script.split(separator: ";") {
        try make(step, heap, &thread, &slots)
      }
    } catch {
      if let text = error.text { return text }
      if case .fault = error { return "SIGSEGV" }
      return "endless"
    }
    return "ends well"
  }

  static func make(
    _ step: Substring, _ heap: TestHeap, _ thread: inout MallocThread, _ slots: inout [UInt64]
  ) throws(HeapAbort) {
    let words = step.split(separator: " ")
    var n: [UInt64] = words.dropFirst().map { word in
      word.hasPrefix("0x")
        ? UInt64(word.dropFirst(2), radix: 16) ?? 0
        : UInt64(bitPattern: Int64(word) ?? 0)
    }
    n += [0, 0, 0, 0]
    let slot = Int(n[0] & 63)
    switch words[0] {
    case "m": slots[slot] = try heap.malloc.malloc(n[1], &thread)
    case "c": slots[slot] = try heap.malloc.calloc(1, n[1], &thread)
    case "r": slots[slot] = try heap.malloc.realloc(slots[slot], n[1], &thread)
    case "a": slots[slot] = try heap.malloc.memalign(n[1], n[2], &thread)
    case "f": try heap.malloc.free(slots[slot], &thread)
    case "F": try heap.malloc.free(slots[slot] &+ n[1], &thread)
    case "w": try heap.malloc.memory.setWord(at: slots[slot] &+ n[1], to: n[2])
    case "p":
      try heap.malloc.memory.setWord(at: slots[slot] &+ n[1], to: slots[Int(n[2] & 63)] &+ n[3])
    case "l":
      let at = slots[slot] &+ n[1]
      try heap.malloc.memory.setWord(at: at, to: (slots[Int(n[2] & 63)] &+ n[3]) ^ at >> 12)
    case "t": _ = try heap.malloc.malloc_trim(0, &thread)
    case "i": _ = try heap.malloc.mallinfo2(&thread)
    case "x":
      var sink = TextSink()
      try heap.malloc.malloc_info(to: &sink, &thread)
    case "o":
      _ = try heap.malloc.mallopt(
        Int32(truncatingIfNeeded: n[0]), Int32(truncatingIfNeeded: n[1]), &thread)
    case "s": _ = heap.malloc.sbrk(Int64(bitPattern: n[0]))
    case "e": slots[slot] = slots[Int(n[1] & 63)]
    default: Issue.record("unknown step \(step)")
    }
  }

  /// What the real one says: its message, or how it ended.
  static func real(_ mistake: Mistake) throws -> String {
    let driver = try MallocDriver.corrupt.get()
    let steps = mistake.script.split(separator: ";").map {
      "'" + $0.trimmingCharacters(in: .whitespaces) + "'"
    }.joined(separator: " ")
    let setting = mistake.tunables.isEmpty ? "" : "GLIBC_TUNABLES=\(mistake.tunables)"
    let pipe = unsafe popen("timeout 5 env -i \(setting) \(driver.path) \(steps) 2>&1", "r")
    guard let output = unsafe pipe else { throw CocoaError(.fileReadUnknown) }
    var bytes: [UInt8] = []
    while case let byte = unsafe fgetc(output), byte != EOF { bytes.append(UInt8(byte)) }
    let status = unsafe pclose(output) >> 8
    let said = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
    switch status {
    case 0: return "ends well"
    case 124: return "endless"
    case 139: return "SIGSEGV"
    default: return String(said)
    }
  }

  @Test(arguments: table) func sameMessageAndEnd(mistake: Mistake) throws {
    let ours = try Self.library(mistake)
    let theirs = try Self.real(mistake)
    #expect(ours == theirs, "\(mistake)")
  }
}
