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
  /// What the library said before it ended the program.
  private(set) var death: String?
  /// All that malloc_info and malloc_stats wrote.
  private(set) var infoText = ""
  private(set) var statsText = ""

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

  /// What a call of the stream gave.
  struct Answer {
    var value: UInt64 = 0
    /// As in the record: where there is no memory, errno or what the call returned.
    var error: UInt16 = 0
    var figures: [UInt64] = []
  }

  /// Takes the next record; what differs, or nil.
  func take(_ call: RecordedCall) -> String? {
    if call.kind >= 32 {
      heap.memory.expect(call)
      return heap.memory.mismatch
    }
    calls += 1
    if call.kind == RecordedCall.Kind.death.rawValue { return takeDeath(call) }
    do throws(HeapAbort) {
      let answer = try perform(call)
      heap.memory.finish()
      if let mismatch = heap.memory.mismatch { return "\(call): \(mismatch)" }
      if let difference = compare(answer, call) { return "\(call): \(difference)" }
    } catch {
      let mismatch = heap.memory.mismatch.map { " after: \($0)" } ?? ""
      return "\(call): ended in \(error)\(mismatch)"
    }
    return nil
  }

  /// The library ended the program in a call: so must ours, in the same way.
  private func takeDeath(_ record: RecordedCall) -> String? {
    var call = RecordedCall(kind: UInt8(truncatingIfNeeded: record.c), thread: record.thread)
    (call.a, call.b) = (record.a, record.b)
    isEnded = true
    do throws(HeapAbort) {
      _ = try perform(call)
      return "\(call): lived, recorded signal \(record.d)"
    } catch {
      heap.memory.finishDeath()
      if let mismatch = heap.memory.mismatch { return "\(call): \(mismatch) and \(error)" }
      switch error {
      case .corruption, .assertion: death = error.text
      // An address that no program has is not told.
      case .fault(let address)
      where record.d == 11 && record.result == (address < 1 << 47 ? address : 0):
        return nil
      case .fault, .endless: break
      }
      if record.d != 6 || death == nil { return "\(call): \(error), recorded \(record)" }
      return nil
    }
  }

  /// How many of the system calls that were recorded the library has made so far.
  var systemCallsMade: Int { heap.memory.pendingNext }
  var mismatch: String? { heap.memory.mismatch }
  func expect(_ call: RecordedCall) { heap.memory.expect(call) }

  private func compare(_ answer: Answer, _ call: RecordedCall) -> String? {
    switch RecordedCall.Kind(rawValue: call.kind) {
    case .info, .infoRest:
      let recorded = [call.a, call.b, call.c, call.d, call.result]
      return answer.figures == recorded ? nil : "answered \(answer.figures)"
    default:
      if answer.value != call.result { return "answered 0x\(String(answer.value, radix: 16))" }
      return answer.error == call.error ? nil : "answered error \(answer.error)"
    }
  }

  /// Makes a call.
  func perform(_ call: RecordedCall) throws(HeapAbort) -> Answer {
    let t = Int(call.thread)
    threads[t].errno = nil
    switch RecordedCall.Kind(rawValue: call.kind) {
    case .malloc: return memory(try heap.malloc(call.a, &threads[t]), t)
    case .free: try heap.free(call.a, &threads[t])
    case .calloc: return memory(try heap.calloc(call.a, call.b, &threads[t]), t)
    case .realloc: return memory(try heap.realloc(call.a, call.b, &threads[t]), t)
    case .reallocarray:
      return memory(try heap.reallocarray(call.a, call.b, call.c, &threads[t]), t)
    case .memalign: return memory(try heap.memalign(call.a, call.b, &threads[t]), t)
    case .alignedAlloc: return memory(try heap.alignedAlloc(call.a, call.b, &threads[t]), t)
    case .posixMemalign:
      let answer = try heap.posixMemalign(call.a, call.b, &threads[t])
      return Answer(value: answer.memory, error: UInt16(answer.error?.rawValue ?? 0))
    case .valloc: return memory(try heap.valloc(call.a, &threads[t]), t)
    case .pvalloc: return memory(try heap.pvalloc(call.a, &threads[t]), t)
    case .usable: return Answer(value: try heap.malloc_usable_size(call.a))
    case .mallopt:
      let parameter = Int32(truncatingIfNeeded: call.a)
      let answer = try heap.mallopt(parameter, Int32(truncatingIfNeeded: call.b), &threads[t])
      return Answer(value: UInt64(answer))
    case .trim: return Answer(value: try heap.malloc_trim(call.a, &threads[t]) ? 1 : 0)
    case .info:
      info = try heap.mallinfo2(&threads[t])
      return figures([info.arena, info.ordblks, info.smblks, info.hblks, info.hblkhd])
    case .infoRest:
      return figures([info.usmblks, info.fsmblks, info.uordblks, info.fordblks, info.keepcost])
    case .sbrk: return Answer(value: heap.sbrk(Int64(bitPattern: call.a)) ?? .max)
    case .threadStart:
      // pthread_create allocates the vector of thread-local storage: 17 entries of 16 bytes.
      // Before 2.34 the process is single-threaded until after that.
      if heap.environment.version >= .v2_36 { heap.isSingleThreaded = false }
      let thread = Int(truncatingIfNeeded: call.a) & 0xff
      vectors[thread] = try heap.calloc(17, 16, &threads[0])
      if vectors[thread] != 0 { heap.isSingleThreaded = false }
      threads[thread] = MallocThread()
      return Answer(error: vectors[thread] == 0 ? UInt16(Errno.ENOMEM.rawValue) : 0)
    case .threadExit:
      let thread = Int(truncatingIfNeeded: call.a) & 0xff
      try heap.exit(&threads[thread])
      try heap.free(vectors[thread], &threads[0])
    case .textInfo:
      var sink = TextSink()
      try heap.malloc_info(to: &sink, &threads[t])
      infoText += sink.text
      return Answer(value: sink.digest)
    case .textStats:
      var sink = TextSink()
      try heap.malloc_stats(to: &sink)
      statsText += sink.text
      return Answer(value: sink.digest)
    case .end: isEnded = true
    default: break
    }
    return Answer()
  }

  private func memory(_ value: UInt64, _ thread: Int) -> Answer {
    Answer(
      value: value, error: value == 0 ? UInt16(threads[thread].errno?.rawValue ?? 0) : 0)
  }

  /// Before 2.33 mallinfo has 32 bits.
  private func figures(_ values: [UInt64]) -> Answer {
    let mask: UInt64 = heap.environment.version < .v2_36 ? 0xffff_ffff : .max
    return Answer(figures: values.map { $0 & mask })
  }
}

extension HeapAbort {
  /// What is printed before the program aborts; nil where it dies otherwise.
  var text: String? {
    switch self {
    case .corruption(let corruption): "\(corruption.message)"
    case .assertion(let assertion):
      "Fatal glibc error: malloc assertion failure in \(assertion.function): "
        + "\(assertion.expression)"
    case .fault, .endless: nil
    }
  }
}
