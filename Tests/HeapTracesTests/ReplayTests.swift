import TraceFiles
import Foundation
import MemoryTypes
import PTMalloc
import Testing

@testable import HeapTraces

/// Replays held against what the real C library did with the same calls.
@Suite struct ReplayTests {
  /// Plays a trace event by event, and tells each object's address.
  private func addresses(_ path: String) throws -> (
    replayed: [UInt64], recorded: [UInt64], MallocInfo, UInt64
  ) {
    let (events, failure) = try Samples.events(path)
    #expect(failure == nil)
    var replay = try HeapReplay(ReplayOptions())
    let batch = HeapEventBatch()
    var replayed: [UInt64] = []
    var recorded: [UInt64] = []
    for event in events {
      batch.removeAll()
      batch.append(event)
      #expect(replay.play(batch).failure == nil)
      guard event.operation.allocates else { continue }
      replayed.append(unsafe replay.objects[Int(event.slot)].address)
      recorded.append(event.address)
    }
    var thread = unsafe replay.threads[0]
    let info = try replay.malloc.mallinfo2(&thread)
    return (
      replayed, recorded, info, replay.malloc.memory.currentBreak - replay.malloc.memory.breakStart
    )
  }

  @Test func addressesFootprintAndMallinfoAreTheRealOnes() throws {
    let (replayed, recorded, info, size) = try addresses(Samples.path("addresses.mtrace"))
    #expect(replayed.count > 1500)
    // The heap and the mappings each begin where the loader put them.
    let heap = recorded.indices.filter { recorded[$0] >> 40 != 0x7f }
    let mapped = recorded.indices.filter { recorded[$0] >> 40 == 0x7f }
    #expect(heap.count > 1000 && mapped.count > 5)
    for group in [heap, mapped] {
      let shift = replayed[group[0]] &- recorded[group[0]]
      let wrong = group.filter { replayed[$0] &- recorded[$0] != shift }
      #expect(wrong.isEmpty, "\(wrong.count) of \(group.count), the first \(wrong.first ?? 0)")
    }
    let text = try String(contentsOfFile: Samples.path("addresses.mtrace"), encoding: .utf8)
    func numbers(_ line: String) -> [UInt64] {
      let found = text.split(separator: "\n").first { $0.hasPrefix("= \(line) ") } ?? ""
      return found.split(separator: " ").compactMap { UInt64($0.dropFirst(2), radix: 16) }
    }
    #expect(numbers("break") == [size])
    #expect(
      numbers("mallinfo2") == [
        info.arena, info.ordblks, info.hblks, info.hblkhd, info.uordblks, info.fordblks,
        info.keepcost,
      ])
  }

  private func play(
    _ bytes: some Sequence<UInt8>, _ change: (inout ReplayOptions) -> Void = { _ in }
  ) throws -> ReplayResult {
    var options = ReplayOptions()
    change(&options)
    return try Samples.withFile(bytes) { try HeapReplay(options).play(HeapTraceFile.open($0)) }
  }

  @Test func sumsArePlain() throws {
    let result = try play(
      "= Start\n+ 0x10 0x64\n+ 0x20 0x1000\n- 0x10\n+ 0x30 0x30\n< 0x20\n> 0x40 0x2000\n".utf8)
    #expect(result.failure == nil)
    #expect(result.events == 5 && result.end.live == 0x2030 && result.end.objects == 2)
    #expect(result.end.chunks == 0x2010 + 0x40)
    #expect(result.peakLive.live == 0x2030)
    // The break grows by 132K and one page more: 0x21000.
    #expect(result.kernel.peakAccessible == 0x21000)
    // Heap's start, its second and third page.
    #expect(result.kernel.faults * 4096 == result.kernel.peakResident)
    #expect(result.history.map(\.event) == [1, 2, 3, 4, 5])
  }

  @Test func theTopIsPinnedByItsLastObject() throws {
    var text = "= Start\n"
    for index in 1...200 { text += "+ 0x\(String(index * 16, radix: 16)) 0x1000\n" }
    for index in 1..<200 { text += "- 0x\(String(index * 16, radix: 16))\n" }
    let result = try play(text.utf8)
    let pin = try #require(result.heap.pins.first)
    #expect(pin.isObject && pin.event == 200 && pin.size == 0x1000 && pin.chunk == 0x1010)
    // Everything below it is one free chunk, or in the tcache; trimming gives its pages back.
    #expect(result.end.freeInHeapForTest > 190 * 0x1000)
    #expect(result.trimmedResident > 180 * 0x1000)
    #expect(result.trimmedFootprint < 0x22000)
  }

  @Test func whereTheTCachePinsTheTopTheHighestObjectIsNamed() throws {
    var text = "= Start\n"
    for index in 1...12 {
      text += "+ 0x\(String(index * 16, radix: 16)) 0x\(index < 7 ? 40 : 80)\n"
    }
    for index in 2...12 { text += "- 0x\(String(index * 16, radix: 16))\n" }
    let result = try play(text.utf8)
    #expect(result.heap.tcache.count == 11)
    #expect(result.heap.pins.dropLast().allSatisfy { !$0.isObject })
    #expect(result.heap.pins.last?.event == 1)
  }

  @Test func pagesTouchedDependOnWhatTouches() throws {
    let text = "= Start\n+ 0x10 0x100000\n+ 0x20 0x8000\n".utf8
    let all = try play(text)
    let headers = try play(text) { $0.touchesObjects = false }
    #expect(all.kernel.faults == 257 + 9 && headers.kernel.faults < 6)
    let large = try play(text) { $0.environment.pageSize = .sixtyFourKiB }
    #expect(large.kernel.peakResident == 17 << 16 + 1 << 16)
  }

  @Test func sizesBeyondAllBoundsAreNamed() throws {
    let lie = try play("= Start\n+ 0x10 0x8\n+ 0x20 0x8000000000000000\n".utf8)
    #expect(lie.failure?.kind == .impossible)
    #expect(lie.failure?.place?.line == 3 && lie.failure?.place?.event == 2)
    #expect(lie.end.live == 8)
    let truth = try play("= Start\n+ (nil) 0x8000000000000000\n".utf8)
    #expect(truth.failure == nil && truth.refused == 1)
  }

  /// Threads: each gets an arena, as many as there may be.
  @Test func threadsHaveArenas() throws {
    let threads = (0..<6).map { thread in
      (1...40).map { [2, UInt64(thread * 40 + $0), 500] as [UInt64] }
    }
    let bytes = WorkloadTests.file(objects: 300, threads)
    let free = try play(bytes)
    #expect(free.failure == nil && free.threads == 6 && free.heap.arenas == 6)
    let bound = try play(bytes) { $0.tunables.set(.arenaMax, to: 2) }
    #expect(bound.heap.arenas == 2)
    #expect(bound.kernel.mprotect < free.kernel.mprotect)
    #expect(bound.kernel.peakAccessible < free.kernel.peakAccessible)
  }

  /// Every page is counted once, whatever is mapped, moved, dropped and mapped again.
  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func theAddressSpaceCountsAsItsModel(seed: UInt64)
    throws
  {
    var state = seed
    func next(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    guard var memory = ReplayMemory(pageSize: .fourKiB) else {
      Issue.record("no address space")
      return
    }
    /// Page to whether it was touched.
    var model: [UInt64: Bool] = [:]
    var mappings: [(start: UInt64, pages: UInt64)] = []
    for step in 0..<3000 {
      switch next(7) {
      case 0, 1:
        let pages = 1 + next(40)
        let mapped = memory.mmap(at: 0, length: pages << 12, readWrite: true, flags: [])
        let start = try #require(mapped)
        for page in 0..<pages {
          #expect(model[start >> 12 + page] == nil, "seed \(seed), step \(step)")
          model[start >> 12 + page] = false
        }
        mappings.append((start, pages))
      case 2 where !mappings.isEmpty:
        let gone = mappings.remove(at: Int(next(UInt64(mappings.count))))
        memory.munmap(at: gone.start, length: gone.pages << 12)
        for page in 0..<gone.pages { model[gone.start >> 12 + page] = nil }
      case 3 where !mappings.isEmpty:
        let index = Int(next(UInt64(mappings.count)))
        let (start, pages) = mappings[index]
        let new = 1 + next(60)
        let remapped = memory.mremap(at: start, length: pages << 12, newLength: new << 12)
        let moved = try #require(remapped)
        let old = (0..<pages).map { model[start >> 12 + $0] ?? false }
        for page in 0..<pages { model[start >> 12 + page] = nil }
        for page in 0..<new {
          model[moved >> 12 + page] = page < pages ? old[Int(page)] : false
        }
        mappings[index] = (moved, new)
      case 4 where !mappings.isEmpty:
        let (start, pages) = mappings[Int(next(UInt64(mappings.count)))]
        let from = next(pages)
        memory.madvise(at: start + from << 12, length: (pages - from) << 12, .dontNeed)
        for page in from..<pages { model[start >> 12 + page] = false }
      case 5 where !mappings.isEmpty:
        let (start, pages) = mappings[Int(next(UInt64(mappings.count)))]
        let offset = next(pages << 12)
        let size = 1 + next((pages << 12) - offset)
        try memory.touch(start + offset, size)
        for page in (start + offset) >> 12...(start + offset + size - 1) >> 12 {
          model[page] = true
        }
      default:
        let target = memory.breakStart + next(100) << 12
        let (before, after) = (memory.currentBreak >> 12, target >> 12)
        #expect(memory.brk(target) == target)
        if after > before { for page in before..<after { model[page] = false } }
        if after < before { for page in after..<before { model[page] = nil } }
      }
      #expect(memory.counts.accessible == UInt64(model.count) << 12, "seed \(seed), step \(step)")
      #expect(
        memory.counts.resident == UInt64(model.count(where: \.value)) << 12,
        "seed \(seed), step \(step)")
    }
    #expect(throws: HeapAbort.self) { try memory.setWord(at: 1 << 20, to: 1) }
    #expect(throws: HeapAbort.self) {
      try memory.setWord(at: memory.currentBreak + 0x10_0000, to: 1)
    }
  }
}

extension ReplaySample {
  fileprivate var freeInHeapForTest: UInt64 { footprint - chunks }
}
