import Glibc
import MemoryTypes
import PTMalloc

/// Makes the calls of a recording again and holds each answer and system call to it.
final class StreamReplay {
  private var heap: PTMalloc<RecordedMemory>
  private var threads = [MallocThread](repeating: MallocThread(), count: 256)
  private var vectors = [UInt64](repeating: 0, count: 256)
  private var info = MallocInfo()
  private(set) var calls = 0
  private(set) var isEnded = false

  /// - Parameter start: The record that a stream begins with.
  init(_ start: RecordedCall, _ environment: MallocEnvironment, _ tunables: MallocTunables) throws {
    var environment = environment
    environment.pageSize = PageSize(shift: UInt64(start.b.trailingZeroBitCount)) ?? .fourKiB
    environment.processors = UInt32(start.c)
    let memory = RecordedMemory(breakStart: start.a, near: start.d, pageSize: start.b)
    heap = try PTMalloc(
      on: memory, mainArena: memory.mainArena, parameters: memory.parameters,
      environment: environment, tunables: tunables)
    // sbrk(0) told the library where the break is.
    var first = RecordedCall(kind: RecordedCall.Kind.brk.rawValue)
    first.result = start.a
    heap.memory.expect(first)
    _ = heap.sbrk(0)
    heap.memory.finish()
  }

  deinit { heap.memory.release() }

  /// Takes the next record; what differs, or nil.
  func take(_ call: RecordedCall) -> String? {
    if call.kind >= 32 {
      heap.memory.expect(call)
      return heap.memory.mismatch
    }
    calls += 1
    do throws(HeapAbort) {
      let answer = try make(call)
      heap.memory.finish()
      if let mismatch = heap.memory.mismatch { return "\(call): \(mismatch)" }
      if let answer { return "\(call): \(answer)" }
    } catch {
      let mismatch = heap.memory.mismatch.map { " after: \($0)" } ?? ""
      return "\(call): ended in \(error)\(mismatch)"
    }
    return nil
  }

  private func compare(_ value: UInt64, _ call: RecordedCall, _ thread: Int) -> String? {
    if value != call.result { return "answered 0x\(String(value, radix: 16))" }
    if value == 0, call.error != 0, threads[thread].errno?.rawValue != call.error {
      return "errno \(String(describing: threads[thread].errno)), recorded \(call.error)"
    }
    return nil
  }

  private func make(_ call: RecordedCall) throws(HeapAbort) -> String? {
    let t = Int(call.thread)
    switch RecordedCall.Kind(rawValue: call.kind) {
    case .malloc: return compare(try heap.malloc(call.a, &threads[t]), call, t)
    case .free: try heap.free(call.a, &threads[t])
    case .calloc: return compare(try heap.calloc(call.a, call.b, &threads[t]), call, t)
    case .realloc: return compare(try heap.realloc(call.a, call.b, &threads[t]), call, t)
    case .memalign: return compare(try heap.memalign(call.a, call.b, &threads[t]), call, t)
    case .posixMemalign:
      let answer = try heap.posixMemalign(call.a, call.b, &threads[t])
      if (answer.error?.rawValue ?? 0) != call.error { return "error \(answer)" }
      if answer.memory != call.result { return "answered \(answer)" }
    case .valloc: return compare(try heap.valloc(call.a, &threads[t]), call, t)
    case .pvalloc: return compare(try heap.pvalloc(call.a, &threads[t]), call, t)
    case .usable: return compare(try heap.malloc_usable_size(call.a), call, t)
    case .mallopt:
      let parameter = Int32(truncatingIfNeeded: call.a)
      let value = Int32(truncatingIfNeeded: call.b)
      let answer = try heap.mallopt(parameter, value, &threads[t])
      if UInt64(answer) != call.result { return "answered \(answer)" }
    case .trim: return compare(try heap.malloc_trim(call.a, &threads[t]) ? 1 : 0, call, t)
    case .info:
      info = try heap.mallinfo2(&threads[t])
      let fields = [info.arena, info.ordblks, info.smblks, info.hblks, info.hblkhd]
      if fields != [call.a, call.b, call.c, call.d, call.result] { return "\(info)" }
    case .infoRest:
      let fields = [info.usmblks, info.fsmblks, info.uordblks, info.fordblks, info.keepcost]
      if fields != [call.a, call.b, call.c, call.d, call.result] { return "\(info)" }
    case .sbrk:
      let answer = heap.sbrk(Int64(bitPattern: call.a))
      if (answer ?? .max) != call.result { return "answered \(String(describing: answer))" }
    case .threadStart:
      // pthread_create allocates the vector of thread-local storage: 17 entries of 16 bytes.
      heap.isSingleThreaded = false
      let thread = Int(truncatingIfNeeded: call.a) & 0xff
      vectors[thread] = try heap.calloc(17, 16, &threads[0])
      threads[thread] = MallocThread()
    case .threadExit:
      let thread = Int(truncatingIfNeeded: call.a) & 0xff
      try heap.exit(&threads[thread])
      try heap.free(vectors[thread], &threads[0])
    case .end: isEnded = true
    default: return "unknown"
    }
    return nil
  }

  /// The texts of malloc_info and malloc_stats.
  func texts() throws -> (info: String, stats: String) {
    var info = TextSink()
    var stats = TextSink()
    try heap.malloc_info(to: &info, &threads[0])
    try heap.malloc_stats(to: &stats)
    return (info.text, stats.text)
  }
}
