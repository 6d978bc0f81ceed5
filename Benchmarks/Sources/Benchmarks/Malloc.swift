import ArgumentParser
import Foundation
import Glibc
import MemoryTypes
import PTMalloc

/// CPU time of PTMalloc on a buffer of this process against the C library's own malloc doing the
/// same calls.
struct Malloc: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "CPU time of PTMalloc against this machine's malloc, stream by stream.")

  @Option(help: "Million calls a stream.")
  var calls = 10

  @Option(help: "Runs of each, taking turns; the least counts.")
  var runs = 3

  mutating func run() throws {
    print("stream           malloc   PTMalloc  ratio   (ns a call)")
    for kind in MallocStream.Kind.allCases {
      let stream = MallocStream(kind, calls: calls * 1_000_000)
      var real = Double.infinity
      var ours = Double.infinity
      for _ in 0..<max(1, runs) {
        real = min(real, stream.runOnLibrary())
        ours = min(ours, try stream.runOnPTMalloc())
      }
      let scale = 1e9 / Double(stream.steps.count)
      print(
        kind.rawValue.padding(toLength: 14, withPad: " ", startingAt: 0),
        String(format: "%8.1f %10.1f %6.2f", real * scale, ours * scale, ours / real))
    }
  }
}

/// A stream of calls, made beforehand, so that making it is not measured.
struct MallocStream {
  enum Kind: String, CaseIterable {
    /// Half a free, half a malloc of skewed sizes, as the program churn does.
    case churn
    case small = "small fixed"
    case large = "large mixed"
    case growth = "realloc growth"
    case threads
  }

  /// Slot, size, and what to do: 0 free or malloc by what the slot has, 1 realloc.
  struct Step {
    var slot: UInt32
    var size: UInt32
    var thread: UInt8
    var operation: UInt8
  }

  static let threadCount = 8
  let kind: Kind
  private(set) var steps: [Step] = []
  private var slotCount = 65536

  init(_ kind: Kind, calls: Int) {
    self.kind = kind
    steps.reserveCapacity(calls)
    var x: UInt64 = 88_172_645_463_325_252
    for call in 0..<calls {
      x ^= x << 13
      x ^= x >> 7
      x ^= x << 17
      var step = Step(slot: UInt32(x % 65536), size: 0, thread: 0, operation: 0)
      switch kind {
      case .churn:
        let bits = (x >> 40) % 9 + 4
        let mask: UInt64 = 1 << bits - 1
        step.size = UInt32(16 + (x >> 20) & mask)
      case .small:
        step.size = [16, 24, 40, 64, 96, 128, 200, 256][Int((x >> 40) % 8)]
      case .large:
        step.slot %= 2048
        let bits = (x >> 40) % 10 + 8
        let mask: UInt64 = 1 << bits - 1
        step.size = UInt32(mask + 1 + (x >> 20) & mask)
      case .growth:
        step.slot %= 256
        step.operation = 1
        let most = (x >> 30) % 65536
        step.size = UInt32(16 + most * ((x >> 20) % 16) / 16)
      case .threads:
        step.thread = UInt8(call / 64 % Self.threadCount)
        step.slot = step.slot % 8192 * 8 + UInt32(step.thread)
        let bits = (x >> 40) % 8 + 4
        let mask: UInt64 = 1 << bits - 1
        step.size = UInt32(16 + (x >> 20) & mask)
      }
      steps.append(step)
    }
  }

  private static func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The C library's; in threads, each making its own part of the stream.
  func runOnLibrary() -> Double {
    let slots = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: slotCount)
    unsafe slots.initialize(repeating: nil, count: slotCount)
    defer {
      for slot in 0..<slotCount { unsafe free(slots[slot]) }
      unsafe slots.deallocate()
    }
    let begin = Self.processorTime()
    if kind == .threads {
      let parts = (0..<Self.threadCount).map { number in
        unsafe Part(steps: steps.filter { $0.thread == number }, slots: slots)
      }
      let start = Self.processorTime()
      let threads = parts.map { part in
        let thread = Thread { part.run() }
        thread.start()
        return thread
      }
      while threads.contains(where: { !$0.isFinished }) { usleep(1000) }
      return Self.processorTime() - start
    }
    unsafe steps.withUnsafeBufferPointer { steps in
      unsafe Self.onLibrary(steps, slots)
    }
    return Self.processorTime() - begin
  }

  // SAFETY: the slots outlive the threads, and each thread has slots of its own.
  @safe private final class Part: @unchecked Sendable {
    let steps: [Step]
    let slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    init(steps: [Step], slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
      self.steps = steps
      unsafe self.slots = unsafe slots
    }
    func run() {
      unsafe steps.withUnsafeBufferPointer { unsafe MallocStream.onLibrary($0, slots) }
    }
  }

  @inline(never)
  private static func onLibrary(
    _ steps: UnsafeBufferPointer<Step>, _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) {
    for index in 0..<steps.count {
      let step = unsafe steps[index]
      let slot = Int(step.slot)
      if step.operation == 1 {
        unsafe slots[slot] = realloc(slots[slot], Int(step.size))
      } else if let old = unsafe slots[slot] {
        unsafe free(old)
        unsafe slots[slot] = nil
      } else {
        unsafe slots[slot] = malloc(Int(step.size))
      }
    }
  }

  /// PTMalloc's, on a window of 8G that costs what is touched.
  func runOnPTMalloc() throws -> Double {
    let size = 8 << 30 + Int(HeapWindow.tableSize)
    let base = unsafe mmap(
      nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    defer { unsafe _ = munmap(base, size) }
    let window = unsafe HeapWindow(
      over: UnsafeMutableRawBufferPointer(start: base, count: size),
      at: VirtualAddress(0x5555_0000_0000), pageSize: .fourKiB)
    var heap = try PTMalloc(
      on: window, mainArena: window.mainArena, parameters: window.parameters)
    heap.isSingleThreaded = kind != .threads
    let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: slotCount)
    unsafe slots.initialize(repeating: 0, count: slotCount)
    let threads = UnsafeMutablePointer<MallocThread>.allocate(capacity: Self.threadCount)
    unsafe threads.initialize(repeating: MallocThread(), count: Self.threadCount)
    defer {
      unsafe slots.deallocate()
      unsafe threads.deallocate()
    }
    let begin = Self.processorTime()
    try unsafe steps.withUnsafeBufferPointer { steps in
      try unsafe Self.onPTMalloc(steps, slots, threads, &heap)
    }
    return Self.processorTime() - begin
  }

  @inline(never)
  private static func onPTMalloc(
    _ steps: UnsafeBufferPointer<Step>, _ slots: UnsafeMutablePointer<UInt64>,
    _ threads: UnsafeMutablePointer<MallocThread>, _ heap: inout PTMalloc<HeapWindow>
  ) throws(HeapAbort) {
    for index in 0..<steps.count {
      let step = unsafe steps[index]
      let slot = Int(step.slot)
      let thread = Int(step.thread)
      let old = unsafe slots[slot]
      if step.operation == 1 {
        unsafe slots[slot] = try heap.realloc(old, UInt64(step.size), &threads[thread])
      } else if old != 0 {
        try unsafe heap.free(old, &threads[thread])
        unsafe slots[slot] = 0
      } else {
        unsafe slots[slot] = try heap.malloc(UInt64(step.size), &threads[thread])
      }
    }
  }
}
