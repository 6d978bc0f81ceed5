import Foundation
import MemoryTypes
import PTMalloc

/// What the recorded program `malloc` does, call by call, with the lines that it prints.
///
/// Where it starts from is taken from the recording: the first bytes of a static program's heap are
/// its thread-local storage and start-up allocations, and mappings begin below what was loaded.
struct MallocProbe {
  let heap: TestHeap
  var thread = MallocThread()
  var lines: [String] = []
  private var slots = [UInt64](repeating: 0, count: 64)
  private var random: UInt32 = 0
  private let pageSize: UInt64
  private let breakStart: UInt64
  private let mappingTop: UInt64

  init(recording: [String]) throws {
    let numbers = recording.map(Self.numbers)
    pageSize = numbers[0][0]
    var environment = MallocEnvironment()
    environment.pageSize = PageSize(shift: UInt64(pageSize.trailingZeroBitCount)) ?? .fourKiB
    // thread 1 malloc(24) = m-A low 26 bits B: the top of mappings is A + B modulo 64M.
    let thread = recording.first { $0.hasPrefix("thread 1 malloc(24)") }.map(Self.numbers) ?? []
    let low = (thread[2] + thread[4]) & 0x3ff_ffff
    mappingTop = 0x7fff_f400_0000 + low
    // thread main malloc(24) = h+A low 26 bits B: the break begins at B - A modulo 64M.
    let main = recording.first { $0.hasPrefix("thread main malloc(24)") }.map(Self.numbers) ?? []
    heap = try TestHeap(top: mappingTop, breakBits: (main[3] &- main[1]) & 0x3ff_ffff, environment)
    breakStart = heap.malloc.memory.breakStart
    // malloc(N) = m-A: the first mapping, its chunk's header at its start.
    let first = recording.first { $0.contains(" = m-") }.map(Self.numbers) ?? []
    let length = (first[0] + 16 + 8 + pageSize - 1) & ~(pageSize - 1)
    let loaded = first[1] + 16 - length
    if loaded > 0 {
      _ = heap.malloc.memory.mmap(at: 0, length: loaded, readWrite: true, flags: [])
    }
    // Before the first line.
    let top = numbers[1][numbers[1].count - 1]
    let info = numbers[2]
    if info[1] > 0 {
      _ = heap.malloc.sbrk(Int64(top - info[1]))
      _ = try heap.malloc.malloc(info[8] - 0x290 - 8, &self.thread)
    }
  }

  /// The numbers of a line, decimal or hexadecimal after 0x.
  static func numbers(_ line: String) -> [UInt64] {
    line.matches(of: #/0x[0-9a-f]+|[0-9]+/#).map {
      $0.output.hasPrefix("0x")
        ? UInt64($0.output.dropFirst(2), radix: 16) ?? 0 : UInt64($0.output) ?? 0
    }
  }

  // MARK: What the program's own functions do

  private mutating func next() -> UInt32 {
    random ^= random << 13
    random ^= random >> 17
    random ^= random << 5
    return random
  }

  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

  private func name(_ address: UInt64) -> String {
    if address == 0 { return "NULL" }
    return address > breakStart + 4 << 30
      ? "m-" + hex(mappingTop - address) : "h+" + hex(address - breakStart)
  }

  private var top: String { hex(heap.malloc.memory.currentBreak - breakStart) }

  private func usable(_ address: UInt64) throws -> UInt64 {
    try heap.malloc.malloc_usable_size(address)
  }

  private mutating func info(_ what: String) throws {
    let m = try heap.malloc.mallinfo2(&thread)
    lines.append(
      "-- mallinfo2 \(what): arena \(m.arena) ordblks \(m.ordblks) smblks \(m.smblks) hblks "
        + "\(m.hblks) hblkhd \(m.hblkhd) usmblks \(m.usmblks) fsmblks \(m.fsmblks) uordblks "
        + "\(m.uordblks) fordblks \(m.fordblks) keepcost \(m.keepcost)")
  }

  private mutating func malloc(_ bytes: UInt64) throws -> UInt64 {
    try heap.malloc.malloc(bytes, &thread)
  }

  private mutating func free(_ address: UInt64) throws { try heap.malloc.free(address, &thread) }

  private mutating func size(_ bits: UInt32) -> UInt64 {
    let power = UInt64(1) << (next() % bits)
    return power + UInt64(next()) & (power - 1)
  }

  private mutating func sequence(_ name: String, seed: UInt32, calls: Int, bits: UInt32) throws {
    lines.append("== \(name): seed \(seed), \(calls) calls, sizes 1..2^\(bits)-1")
    random = seed
    for call in 0..<calls {
      let operation = next() % 100
      let slot = Int(next() % 64)
      let bytes = size(bits)
      let old = slots[slot]
      var line: String
      if operation < 50 || (old == 0 && operation < 90) {
        if old != 0 {
          lines.append("\(call) free(\(self.name(old)))")
          try free(old)
        }
        if operation % 10 == 9 {
          let count = UInt64(1 + next() % 16)
          slots[slot] = try heap.malloc.calloc(count, bytes / count + 1, &thread)
          line = "\(call) calloc(\(count), \(bytes / count + 1)) = "
        } else {
          slots[slot] = try malloc(bytes)
          line = "\(call) malloc(\(bytes)) = "
        }
      } else if operation < 75 {
        line = "\(call) free(\(self.name(old))) top \(top)"
        try free(old)
        slots[slot] = 0
        lines.append(line + " -> \(top)")
        continue
      } else if operation < 90 {
        slots[slot] = try heap.malloc.realloc(old, bytes, &thread)
        line = "\(call) realloc(\(self.name(old)), \(bytes)) = "
      } else {
        let alignment = UInt64(16) << (next() % 10)
        if old != 0 {
          lines.append("\(call) free(\(self.name(old)))")
          try free(old)
        }
        slots[slot] = try heap.malloc.memalign(alignment, bytes, &thread)
        line = "\(call) memalign(\(alignment), \(bytes)) = "
      }
      let new = slots[slot]
      lines.append(line + "\(self.name(new)) usable \(try usable(new)) top \(top)")
    }
    try info("after sequence")
  }

  private mutating func clear() throws {
    for slot in 0..<64 {
      try free(slots[slot])
      slots[slot] = 0
    }
    try info("all freed")
    let result = try heap.malloc.malloc_trim(0, &thread)
    lines.append("malloc_trim(0) = \(result ? 1 : 0) top \(top)")
    try info("trimmed")
  }

  // MARK: The program

  mutating func run() throws {
    try byHand()
    try clear()
    try sequence("mixed", seed: 12345, calls: 300, bits: 20)
    try clear()
    try sequence("small", seed: 777, calls: 300, bits: 11)
    try clear()
    try sequence("large", seed: 4242, calls: 120, bits: 23)
    try clear()
    try fastbins()
    try threads()
    lines.append("-- malloc_info")
    var sink = TextSink()
    try heap.malloc.malloc_info(to: &sink, &thread)
    lines += sink.text.split(separator: "\n").map(String.init)
  }

  private mutating func byHand() throws {
    try info("at start")
    lines.append("== by hand")
    let sizes: [UInt64] = [
      0, 1, 8, 23, 24, 25, 40, 41, 56, 72, 100, 128, 200, 256, 500, 512, 1000, 1032, 1033, 1040,
      2000, 4096, 8192, 65536, 100_000, 131_000, 131_048, 131_049, 131_072, 135_168, 200_000,
      1_048_576,
    ]
    var all: [UInt64] = []
    for size in sizes {
      let p = try malloc(size)
      all.append(p)
      lines.append("malloc(\(size)) = \(name(p)) usable \(try usable(p)) top \(top)")
    }
    for p in all {
      let before = top
      try free(p)
      lines.append("free(\(name(p))) top \(before) -> \(top)")
    }
    try info("freed")
    all = []
    for _ in 0..<10 { all.append(try malloc(40)) }
    lines.append("tcache: " + all.map { name($0) + " " }.joined())
    for p in all { try free(p) }
    all = []
    for _ in 0..<10 { all.append(try malloc(40)) }
    lines.append(" again: " + all.map { name($0) + " " }.joined())
    for p in all { try free(p) }
    try thresholds()
  }

  private mutating func thresholds() throws {
    var p = try malloc(300_000)
    var line = "mmap threshold after freeing an mmapped chunk: \(name(p)) "
    try free(p)
    p = try malloc(300_000)
    line += "then \(name(p)) top \(top)"
    try free(p)
    lines.append(line + " freed top \(top)")
    p = try malloc(5_000_000)
    line = "malloc(5000000) \(name(p)) "
    p = try heap.malloc.realloc(p, 9_000_000, &thread)
    line += "realloc 9000000 \(name(p)) "
    p = try heap.malloc.realloc(p, 1000, &thread)
    lines.append(line + "realloc 1000 \(name(p))")
    try free(p)
    p = try malloc(33_554_432 + 100_000)
    lines.append("malloc(32M+100000) \(name(p))")
    try free(p)
    let most = try malloc(.max)
    let tera = try malloc(1 << 40)
    let zeros = try heap.malloc.calloc(1 << 33, 1 << 33, &thread)
    let aligned3 = try heap.malloc.memalign(3, 10, &thread)
    let aligned0 = try heap.malloc.memalign(0, 10, &thread)
    lines.append(
      "malloc(-1) \(name(most)) errno ENOMEM; malloc(1<<40) \(name(tera)); calloc(1<<33,1<<33) "
        + "\(name(zeros)); memalign(3,10) \(name(aligned3)); aligned_alloc(0,10) \(name(aligned0))")
    let refused = try heap.malloc.posixMemalign(3, 10, &thread)
    let page = try heap.malloc.posixMemalign(4096, 10, &thread)
    lines.append(
      "posix_memalign(3) \(refused.error == .EINVAL ? "EINVAL" : "?"); posix_memalign(4096, 10) "
        + "\(page.error == nil ? "ok" : "?") \(name(page.memory))")
    let sixty = try malloc(60)
    let freed = try heap.malloc.realloc(sixty, 0, &thread)
    let fifty = try heap.malloc.realloc(0, 50, &thread)
    lines.append("realloc(NULL, 50) \(name(fifty)); realloc(p, 0) \(name(freed))")
  }

  private mutating func fastbins() throws {
    lines.append("== fastbins and consolidation")
    var all: [UInt64] = []
    for _ in 0..<40 { all.append(try malloc(56)) }
    for p in all { try free(p) }
    all = []
    for _ in 0..<40 { all.append(try malloc(56)) }
    lines.append("again:" + all.map { " " + name($0) }.joined())
    for p in all { try free(p) }
    let z = try malloc(5000)
    lines.append("malloc(5000) after 40 frees \(name(z))")
    let y = try malloc(120)
    lines.append("malloc(120) \(name(y))")
    try free(z)
    try free(y)
    try info("end")
  }

  private mutating func threads() throws {
    lines.append("== threads (run one after the other)")
    let main = thread
    for number in ["1", "2", "3"] {
      if number == "1" {
        // pthread_create: a stack with its guard, and the vector of thread-local storage; both
        // are kept for the next thread.
        heap.malloc.isSingleThreaded = false
        _ = heap.malloc.memory.mmap(
          at: 0, length: 0x80_0000 + 0x1_0000, readWrite: true, flags: [])
        thread = main
        _ = try heap.malloc.calloc(17, 16, &thread)
      }
      if number == "3" { _ = try heap.malloc.mallopt(-8, 2, &thread) }
      let parent = thread
      thread = MallocThread()
      try body(number)
      try heap.malloc.exit(&thread)
      thread = parent
    }
    try body("main")
  }

  private mutating func body(_ number: String) throws {
    let sizes: [UInt64] = [24, 100, 1000, 5000, 40000, 100_000, 131_072, 200_000]
    var all: [UInt64] = []
    for size in sizes {
      let p = try malloc(size)
      all.append(p)
      lines.append(
        "thread \(number) malloc(\(size)) = \(name(p)) low 26 bits \(hex(p & 0x3ff_ffff)) usable "
          + "\(try usable(p))")
    }
    for index in stride(from: 0, to: 8, by: 2) { try free(all[index]) }
    for index in stride(from: 0, to: 8, by: 2) {
      let p = try malloc(sizes[index])
      lines.append("thread \(number) again malloc(\(sizes[index])) = \(name(p))")
    }
    try info("in thread")
  }
}
