import Foundation
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Many caches, buffers of all sizes and several processors beside a model that knows who wrote what
/// where: objects are given back on other processors than they were taken on, caches come and go,
/// and memory runs short.
///
/// `KILBURN_LONG_TESTS=1` makes it millions of steps.
@Suite struct ManyCachesModelTests {
  /// What is out: where, how many bytes, what was written at both ends, and of which cache.
  struct Object {
    var address: UInt
    var bytes: Int
    var tag: UInt8
    var cache: Int?
  }

  final class Model {
    let machine: TestHeap
    var random: Random
    var caches: [(cache: KernelPointer<SlabCache<HostBoard>>, size: Int)] = []
    var live: [Object] = []
    var addresses: Set<UInt> = []

    init(_ machine: TestHeap, seed: UInt64) {
      self.machine = machine
      random = Random(seed: seed)
    }

    func makeCache() {
      let size = 8 + random.below(3000)
      let options: [SlabOptions] = [
        .alone, [.alone, .cacheAligned], [.reclaimable, .alone], [.typesafeByRCU], .account,
      ]
      let description = unsafe SlabDescription(
        name: SlabName("model"), size: ByteCount(UInt64(size)),
        options: options[random.below(options.count)])
      if let cache = machine.heap.pointee.createCache(description) { caches.append((cache, size)) }
    }

    func take(on processor: Int) {
      let tag = UInt8(truncatingIfNeeded: random.next())
      let index = caches.isEmpty || random.below(3) == 0 ? nil : random.below(caches.count)
      let size = index.map { caches[$0].size } ?? 1 + random.below(1 << random.below(16))
      let heap = machine.heap
      let contexts: [GFP] = [
        .kernel, .kernel, .atomic, [.kernel, .zero], [.kernel, .account], [.kernel, .reclaimable],
        [.kernel, .dma], [.atomic, .zero], [.kernel, .noWarn, .noRetry],
      ]
      let flags = contexts[random.below(contexts.count)]
      let memory =
        if let index {
          unsafe heap.pointee.allocate(from: caches[index].cache, flags, on: processor)
        } else {
          unsafe heap.pointee.kmalloc(ByteCount(UInt64(size)), flags, on: processor)
        }
      guard let memory = unsafe memory else { return }
      if flags.contains(.zero) {
        let bytes = unsafe UnsafeRawBufferPointer(start: memory, count: size)
        let isZero = unsafe bytes.allSatisfy { $0 == 0 }
        #expect(isZero)
      }
      #expect(addresses.insert(UInt(bitPattern: memory)).inserted)
      unsafe memory.storeBytes(of: tag, as: UInt8.self)
      unsafe memory.storeBytes(of: tag, toByteOffset: size - 1, as: UInt8.self)
      live.append(
        Object(address: UInt(bitPattern: memory), bytes: size, tag: tag, cache: index))
    }

    func give(on processor: Int) {
      guard !live.isEmpty else { return }
      live.swapAt(random.below(live.count), live.count - 1)
      let object = live.removeLast()
      addresses.remove(object.address)
      guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: object.address) else { return }
      let isIntact =
        unsafe memory.load(as: UInt8.self) == object.tag
        && memory.load(fromByteOffset: object.bytes - 1, as: UInt8.self) == object.tag
      #expect(isIntact)
      // An object of a cache may as well be given back without its name.
      if let index = object.cache, random.below(4) > 0 {
        unsafe machine.heap.pointee.free(memory, to: caches[index].cache, on: processor)
      } else {
        let isKnown = unsafe machine.heap.pointee.kfree(memory, on: processor)
        #expect(isKnown)
      }
    }

    /// What `/sys/kernel/slab` lets user 0 change of a cache.
    func changeSettings() {
      guard let cache = caches.randomElement(using: &random)?.cache else { return }
      if random.below(2) == 0 {
        machine.heap.pointee.setMinPartial(random.below(12), of: cache)
      } else {
        let isSet = machine.heap.pointee.setPerCPUObjects(random.below(200), of: cache)
        #expect(isSet)
      }
    }

    /// Slabs, large buffers and meminfo's counters are the same pages.
    func checkSums() {
      var frames = 0
      machine.heap.pointee.forEachCache { frames += $0.frames }
      let page = Int(machine.board.pageSize.bytes.rawValue)
      for object in live where object.cache == nil && object.bytes > 2 * page {
        let pages = (object.bytes + page - 1) / page
        frames += 1 << (Int.bitWidth - (pages - 1).leadingZeroBitCount)
      }
      let counted =
        machine.frames.pointee.statistic(.nr_slab_reclaimable)
        + machine.frames.pointee.statistic(.nr_slab_unreclaimable)
      #expect(frames == counted)
    }
  }

  static var steps: Int {
    ProcessInfo.processInfo.environment["KILBURN_LONG_TESTS"] == nil ? 60_000 : 3_000_000
  }

  @Test(arguments: [
    (PageSize.fourKiB, 1), (.fourKiB, 4), (.sixteenKiB, 2), (.sixtyFourKiB, 3),
  ])
  func nobodyGetsAnothersObject(page: PageSize, cpus: Int) {
    let machine = TestHeap(page, ram: .mebibytes(page == .sixtyFourKiB ? 96 : 24), cpus: cpus)
    defer { machine.end() }
    let seed = 2_026 &+ page.shift &* 10 &+ UInt64(cpus)
    let model = Model(machine, seed: seed)
    machine.heap.pointee.shrink()
    let before = machine.frames.pointee.unused
    for _ in 0..<9 { model.makeCache() }
    for step in 0..<Self.steps {
      let filling = (step / 7000) % 2 == 0
      let processor = model.random.below(cpus)
      if model.random.below(100) < (filling ? 62 : 38) {
        model.take(on: processor)
      } else {
        model.give(on: processor)
      }
      if step % 2000 == 1999 {
        machine.heap.pointee.checkInvariants()
        model.checkSums()
        if model.random.below(4) == 0 { machine.heap.pointee.shrink() }
        model.changeSettings()
      }
    }
    while !model.live.isEmpty { model.give(on: model.random.below(cpus)) }
    for (cache, _) in model.caches {
      let isGone = machine.heap.pointee.destroyCache(cache)
      #expect(isGone, "seed \(seed)")
    }
    machine.heap.pointee.shrink()
    machine.heap.pointee.checkInvariants()
    machine.frames.pointee.checkInvariants()
    // What the processors' structures took stays theirs.
    let kept = machine.heap.pointee.perCPUFrames.rawValue
    #expect(machine.frames.pointee.unused.rawValue + kept >= before.rawValue, "seed \(seed)")
  }
}
