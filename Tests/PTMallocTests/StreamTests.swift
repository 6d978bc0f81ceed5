import Foundation
import Glibc
import PTMalloc
import Testing

/// One random stream of the C driver.
struct Stream: CustomStringConvertible, Sendable {
  var seed: UInt64
  var calls = 50_000
  var profile = 2
  var threads = 0
  /// 1: options change; 2: others move the break; 4: system calls are refused; 8: limits change.
  var flags = 0
  var environment: [(name: String, value: String)] = []
  /// Whether the kernel chooses where the heap begins.
  var isRandomized = false

  var description: String {
    "seed \(seed), \(calls) calls, profile \(profile), \(threads) threads, flags \(flags)"
      + (isRandomized ? ", anywhere" : "") + environment.map { ", \($0.name)=\($0.value)" }.joined()
  }

  var tunables: MallocTunables {
    var tunables = MallocTunables()
    for (name, value) in environment { tunables.set(variable: name.utf8, to: value.utf8) }
    return tunables
  }

  /// The stream that a seed stands for.
  static func random(_ seed: UInt64, calls: Int) -> Stream {
    var generator = SplitMix(state: seed)
    var stream = Stream(seed: seed, calls: calls)
    stream.profile = Int(generator.next() % 11)
    stream.threads = generator.next() % 3 == 0 ? Int(1 + generator.next() % 12) : 0
    stream.flags = Int(generator.next() % 16)
    stream.isRandomized = generator.next() % 2 == 0
    func value(_ range: ClosedRange<UInt64>) -> String {
      // Some are as large as can be, or hexadecimal, or no number.
      switch generator.next() % 40 {
      case 0: "18446744073709551615"
      case 1: "0x" + String(generator.next(upperBound: range.upperBound) + 1, radix: 16)
      case 2: "-1"
      // 2.41 takes no number with a tail.
      case 3 where MallocDriver.other?.version != .v2_41: "12x"
      default: "\(range.lowerBound + generator.next(upperBound: UInt64(range.count)))"
      }
    }
    switch generator.next() % 4 {
    case 0, 1:
      let tunables = settings.filter { _ in generator.next() % 6 == 0 }.map {
        "glibc.malloc.\($0.name)=\(value($0.range))"
      }
      if !tunables.isEmpty {
        stream.environment = [("GLIBC_TUNABLES", tunables.joined(separator: ":"))]
      }
    case 2:
      for setting in settings where generator.next() % 5 == 0 {
        guard let variable = MallocTunables.name(setting.name.utf8)?.alias else { continue }
        stream.environment.append(("\(variable)", value(setting.range)))
      }
    default: break
    }
    return stream
  }

  /// 2.31 becomes another allocator by `check`.
  private static let settings = allSettings.filter {
    $0.name != "check" || MallocDriver.other?.version != .v2_31
  }

  private static let allSettings: [(name: String, range: ClosedRange<UInt64>)] = [
    ("arena_max", 0...8), ("arena_test", 0...8), ("check", 0...3), ("hugetlb", 0...2),
    ("mmap_max", 0...20), ("mmap_threshold", 0...300_000), ("mxfast", 0...200),
    ("perturb", 0...300), ("tcache_count", 0...30), ("tcache_max", 0...1200),
    ("tcache_unsorted_limit", 0...10), ("top_pad", 0...500_000), ("trim_threshold", 0...500_000),
  ]
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// The library against the C library of this machine: the same calls, the same addresses, the same
/// system calls, the same figures.
///
/// `KILBURN_MALLOC_CALLS` makes the streams longer, `KILBURN_MALLOC_SEEDS` (as `1...50`) makes other
/// ones; `KILBURN_MALLOC_GLIBC` holds them to another release.
@Suite(.serialized, .enabled(if: MallocDriver.isOurVersion || MallocDriver.other != nil))
struct StreamTests {
  private static let wanted =
    ProcessInfo.processInfo.environment["KILBURN_MALLOC_CALLS"].flatMap(Int.init)
  static var isLong: Bool { wanted != nil }
  static let calls = wanted ?? 10_000

  static let environment: MallocEnvironment = {
    var environment = Host.environment
    if let other = MallocDriver.other { environment.version = other.version }
    return environment
  }()

  static let streams: [Stream] = {
    let bounds = ProcessInfo.processInfo.environment["KILBURN_MALLOC_SEEDS"]?
      .split(separator: ".").compactMap { UInt64($0) }
    if let bounds, let first = bounds.first, let last = bounds.last, first <= last {
      return (first...last).map { .random($0, calls: calls) }
    }
    return (0..<11).map { Stream(seed: UInt64($0) + 1, calls: calls, profile: $0) }
      + [
        Stream(seed: 12, calls: calls, flags: 1), Stream(seed: 13, calls: calls, flags: 2),
        Stream(seed: 14, calls: calls, flags: 4), Stream(seed: 15, calls: calls, flags: 8),
        Stream(seed: 16, calls: calls, threads: 4),
        Stream(seed: 17, calls: calls, profile: 6, threads: 12, flags: 15),
      ] + (100..<110).map { .random($0, calls: calls) } + [
        // In the last a free that cannot have a tcache leaves errno alone.
        .random(202, calls: calls), .random(1025, calls: max(calls, 50_000)),
      ]
  }()

  @Test(arguments: streams) func everyAnswerIsTheLibrarys(stream: Stream) throws {
    let driver = try MallocDriver.stream.get()
    let texts = driver.appendingPathExtension("\(stream.seed)-\(UUID().uuidString)")
    let infoFile = texts.appendingPathExtension("info")
    let statsFile = texts.appendingPathExtension("stats")
    defer {
      try? FileManager.default.removeItem(at: infoFile)
      try? FileManager.default.removeItem(at: statsFile)
    }
    let settings = stream.environment.map { "\($0.name)=\($0.value) " }.joined()
    let command =
      "exec env -i \(settings)\(stream.isRandomized ? "" : "setarch -R ")"
      + "\(driver.path) \(stream.seed) \(stream.calls) \(stream.profile) \(stream.threads) "
      + "\(stream.flags) 3<>\(infoFile.path) 4<>\(statsFile.path)"
    let pipe = unsafe popen(command, "r")
    guard let output = unsafe pipe else { throw CocoaError(.fileReadUnknown) }
    // Where reading stops early, the driver ends by SIGPIPE.
    defer { unsafe _ = pclose(output) }
    var replay: StreamReplay?
    let failure = try RecordReader(descriptor: unsafe fileno(output)).forEach {
      record in
      guard let replay else {
        replay = try StreamReplay(record, Self.environment, stream.tunables)
        return nil
      }
      return replay.take(record)
    }
    if let failure {
      Issue.record("\(stream): \(failure)")
      return
    }
    let end = try #require(replay, "\(stream)")
    #expect(end.isEnded, "\(stream)")
    let info = try String(contentsOf: infoFile, encoding: .utf8)
    let stats = try String(contentsOf: statsFile, encoding: .utf8)
    #expect(info == end.infoText, "\(stream)")
    guard let death = end.death else {
      #expect(stats == end.statsText, "\(stream)")
      return
    }
    // Other releases print an assertion another way.
    #expect(stats.hasPrefix(end.statsText), "\(stream)")
    let said = stats.dropFirst(end.statsText.count)
    if MallocDriver.other == nil {
      #expect(said == death + "\n", "\(stream)")
    } else {
      #expect(said.contains(death.split(separator: ": ").last ?? "?"), "\(stream)")
    }
  }
}

/// What malloc asks of this machine.
enum Host {
  static let environment: MallocEnvironment = {
    var environment = MallocEnvironment()
    func text(_ path: String) -> String {
      (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
    let pages = "/sys/kernel/mm/transparent_hugepage/"
    if text(pages + "enabled").contains("[madvise]") {
      environment.transparentHugePageSize =
        UInt64(text(pages + "hpage_pmd_size").trimmingCharacters(in: .newlines)) ?? 0
    }
    let size = text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("Hugepagesize:") }
    environment.defaultHugePageSize =
      size.flatMap { UInt64($0.filter(\.isNumber)) }.map { $0 << 10 } ?? 0
    environment.mayShrinkHeap = text("/proc/sys/vm/overcommit_memory").hasPrefix("2")
    return environment
  }()
}

/// Reads records from a pipe.
struct RecordReader {
  let descriptor: Int32

  /// Gives each record to `body`, up to the first that it answers.
  func forEach(_ body: (RecordedCall) throws -> String?) throws -> String? {
    let size = 48
    let capacity = size * 4096
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    defer { unsafe buffer.deallocate() }
    var filled = 0
    while true {
      let count = unsafe read(
        descriptor, buffer.baseAddress.unsafelyUnwrapped + filled, capacity - filled)
      if count <= 0 { return filled == 0 ? nil : "a record is cut off" }
      filled += count
      let whole = filled / size * size
      for offset in stride(from: 0, to: whole, by: size) {
        let record = unsafe buffer.load(fromByteOffset: offset, as: RecordedCall.self)
        if let answer = try body(record) { return answer }
      }
      unsafe buffer.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: buffer[whole..<filled]))
      filled -= whole
    }
  }
}
