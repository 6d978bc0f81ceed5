import Arm64
import ArgumentParser
import Glibc
import HardwareModel
import MemoryTypes
import ModelFloor

/// The hardware model beside the least that a model of its shapes costs.
///
/// Three streams over 256M: random, sequential, and mixed (60 % in four pages, 30 % sequential, 10 %
/// random), every other access a store. CPU time of this thread, the two in turn, the best of some
/// rounds.
struct Model: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The hardware model beside a tight C loop of the same shapes.")

  @Option(help: "Millions of accesses.")
  var accesses = 16

  @Option(help: "Rounds.")
  var rounds = 5

  @Option(help: "Only this stream: random, sequential or mixed.")
  var only: String?

  @Flag(help: "Without the floor, for a profile.")
  var alone = false

  static let size: UInt64 = 256 << 20

  func run() throws {
    print("ns an access: ours, the floor, ours ÷ floor")
    for stream in ["random", "sequential", "mixed"] where only == nil || only == stream {
      let addresses = Self.addresses(stream, accesses * 1_000_000)
      let packed = addresses.enumerated().map { $1 << 1 | UInt64($0 & 1) }
      let records = addresses.enumerated().map {
        AccessRecord(
          $0 & 1 == 0 ? .load : .store, VirtualAddress($1), size: 8, by: .user)
      }
      var tlb = try TLBModel(sets: 16, ways: 4, pageSize: .fourKiB)
      show("TLB alone", stream, records.count) {
        unsafe records.withUnsafeBufferPointer { unsafe tlb.run($0) }
      } floor: {
        _ = unsafe floor_tlb(packed, UInt64(packed.count))
      }
      guard let shape = TranslationGeometry(pageSize: .fourKiB, vaBits: 48) else { return }
      let tables = LinearTables(
        from: VirtualAddress(Self.start), ByteCount(Self.size + (16 << 10)), in: shape)
      var core = CoreModel(try Self.geometry(), memory: tables.memory, physicalBits: 36)
      core.load(tables.regime, asid: ASID(1))
      show("core", stream, records.count) {
        let done = unsafe records.withUnsafeBufferPointer { unsafe core.run($0) }
        precondition(done == records.count)
      } floor: {
        _ = unsafe floor_core(packed, UInt64(packed.count))
      }
    }
  }

  private static let start: UInt64 = 0x4000_0000_0000

  /// The shapes of the floor.
  private static func geometry() throws -> CoreGeometry {
    let tlb = try TLBGeometry(entries: 64, ways: 4, sizes: [.kibibytes(4)])
    return try CoreGeometry(
      instructionTLB: tlb, dataTLB: tlb,
      sharedTLB: TLBGeometry(entries: 1280, ways: 5, sizes: [.kibibytes(4)]), walkCache: nil,
      instructionCache: CacheGeometry(bytes: 64 << 10, ways: 4),
      dataCache: CacheGeometry(bytes: 64 << 10, ways: 4),
      secondCache: CacheGeometry(bytes: 1 << 20, ways: 8),
      lastCache: CacheGeometry(bytes: 32 << 20, ways: 16), walksThroughDataCache: false)
  }

  static func addresses(_ stream: String, _ count: Int) -> [UInt64] {
    var random: UInt64 = 88_172_645_463_325_252
    return (0..<UInt64(count)).map { index in
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let sequential = index * 8 % size
      let dice = (random >> 40) % 10
      let offset =
        switch stream {
        case "random": (random >> 20) % size
        case "sequential": sequential
        default:
          dice < 6
            ? size + (random >> 20) & 16383 : dice < 9 ? sequential : (random >> 13) % size
        }
      return start + offset & ~7
    }
  }

  private func show(
    _ what: String, _ stream: String, _ count: Int, ours: () -> Void, floor: () -> Void
  ) {
    var best = (Double.infinity, Double.infinity)
    for _ in 0..<rounds {
      if !alone { best.1 = min(best.1, Self.seconds(floor)) }
      best.0 = min(best.0, Self.seconds(ours))
    }
    let scale = 1e9 / Double(count)
    let (own, least) = (best.0 * scale, best.1 * scale)
    print(
      "\(what), \(stream): \(Self.text(own)) \(Self.text(least)) \(Self.text(own / least))")
  }

  private static func text(_ value: Double) -> String {
    "\((value * 100).rounded() / 100)"
  }

  static func seconds(_ body: () -> Void) -> Double {
    func now() -> Double {
      var time = timespec()
      unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let begin = now()
    body()
    return now() - begin
  }
}
