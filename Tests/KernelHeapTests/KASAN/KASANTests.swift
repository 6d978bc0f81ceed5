import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// The slab allocator with a sanitizer over the host board's RAM.
@safe final class SanitizedHeap {
  let machine: HostMachine<HostBoard>
  let shadow: UnsafeMutableRawBufferPointer
  let depot: UnsafeMutableRawBufferPointer
  let kasan: KernelPointer<KASAN>
  let hooks: UnsafeMutablePointer<SlabHooks>
  private(set) var heap: KernelPointer<SlabAllocator<HostBoard>>?
  var log: [String] = []

  init() {
    machine = HostMachine(.fourKiB, [(0, 64 << 20)])
    let span: UInt64 = 64 << 20
    let start = UInt64(
      UInt(bitPattern: unsafe machine.board.pointer(to: HostBoard.ramBase)))
    unsafe shadow = .allocate(byteCount: Int(span / 8) + 4096, alignment: 16)
    unsafe depot = .allocate(byteCount: 1 << 20, alignment: 16)
    unsafe shadow.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe depot.initializeMemory(as: UInt8.self, repeating: 0)
    let base = UInt64(UInt(bitPattern: unsafe shadow.baseAddress)) + 2048
    let place = UnsafeMutablePointer<KASAN>.allocate(capacity: 1)
    unsafe hooks = .allocate(capacity: 1)
    unsafe kasan = KernelPointer(place)
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe place.initialize(
      to: KASAN(
        shadow: ShadowMap(offset: base &- start >> 3, lowest: start),
        environment: Self.environment(context), pageSize: 4096, taskSize: 1 << 40, ram: 256 << 20,
        depot: depot))
    unsafe hooks.initialize(to: .sanitizer(kasan))
    heap = SlabAllocator.start(frames: machine.frames, hooks: unsafe KernelPointer(hooks))
  }

  deinit { machine.board.release() }

  private static func environment(_ context: UnsafeMutableRawPointer) -> KASANEnvironment {
    unsafe KASANEnvironment(
      context: context,
      stack: { _, place, _ in
        unsafe place[0] = 0x1000
        unsafe place[1] = 0x2000
        return 2
      },
      task: { _ in 22 },
      command: { _, place, _ in
        for (index, byte) in "tester".utf8.enumerated() { unsafe place[index] = byte }
        return 6
      },
      line: { context, text, length in
        unsafe sanitized(context).log.append(
          String(decoding: UnsafeBufferPointer(start: text, count: length), as: UTF8.self))
      },
      symbol: { _, address, place, _ in
        let text = "f+0x\(String(address, radix: 16))/0x9000"
        for (index, byte) in text.utf8.enumerated() { unsafe place[index] = byte }
        return text.utf8.count
      },
      dumpStack: { context, _ in unsafe sanitized(context).log.append("(stack)") },
      cacheFacts: { _, number, place in
        let cache = unsafe UnsafeMutablePointer<SlabCache<HostBoard>>(bitPattern: number)
          .unsafelyUnwrapped
        unsafe place.assumingMemoryBound(to: CheckedCache.self).pointee = CheckedCache(
          KernelPointer(cache))
      },
      object: { context, address, place in
        guard let heap = unsafe sanitized(context).heap,
          let object = unsafe heap.pointee.checkedObject(
            at: UnsafeRawPointer(bitPattern: UInt(address)).unsafelyUnwrapped)
        else { return false }
        unsafe place.assumingMemoryBound(to: CheckedObject.self).pointee = object
        return true
      },
      block: { _, _, _ in },
      allocatorCaller: { _ in 0x3000 },
      giveBack: { context, cache, object in
        unsafe sanitized(context).heap?.pointee.giveBack(
          UnsafeMutableRawPointer(bitPattern: UInt(object)).unsafelyUnwrapped, to: cache)
      },
      place: { _, _ in 0 },
      stackStart: { _ in 0 },
      area: { _, _, _, _ in 0 },
      dumpPage: { context, _ in unsafe sanitized(context).log.append("(page)") },
      reported: { _ in })
  }
}

private func sanitized(_ context: UnsafeMutableRawPointer?) -> SanitizedHeap {
  // SAFETY: the context is a heap that its test holds.
  unsafe Unmanaged<SanitizedHeap>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
}

/// The sanitizer behind the slab allocator.
@Suite struct KASANTests {
  static func take(
    _ size: UInt64, _ heap: KernelPointer<SlabAllocator<HostBoard>>
  ) -> UInt64? {
    unsafe heap.pointee.kmalloc(ByteCount(size)).map { UInt64(UInt(bitPattern: $0)) }
  }

  static func give(_ address: UInt64, _ heap: KernelPointer<SlabAllocator<HostBoard>>) {
    unsafe heap.pointee.kfree(UnsafeMutableRawPointer(bitPattern: UInt(address)))
  }

  struct Thing { var words: InlineArray<25, UInt64> = .init(repeating: 1) }

  @Test func aReportIsLinuxsWordForWord() throws {
    let sanitized = SanitizedHeap()
    let heap = try #require(sanitized.heap)
    let start = try #require(Self.take(115, heap))
    sanitized.kasan.pointee.check(start, 115, write: true, from: 0x3000)
    #expect(sanitized.log.isEmpty)
    sanitized.kasan.pointee.check(start + 115, 1, write: true, from: 0x3000)
    func hex(_ value: UInt64) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    let expected = [
      "==================================================================",
      "BUG: KASAN: slab-out-of-bounds in f+0x3000/0x9000",
      "Write of size 1 at addr \(hex(start + 115)) by task tester/22", "", "(stack)", "",
      "Allocated by task 22:", " f+0x1000/0x9000", " f+0x2000/0x9000", "",
      "The buggy address belongs to the object at \(hex(start))",
      " which belongs to the cache kmalloc-128 of size 128",
      "The buggy address is located 115 bytes inside of",
      " 128-byte region [\(hex(start)), \(hex(start + 128)))", "", "(page)",
      "Memory state around the buggy address:",
    ]
    #expect(Array(sanitized.log.prefix(expected.count)) == expected)
    let row = sanitized.log.first { $0.hasPrefix(">") }
    let granule = Int(start % 128 / 8) + 14
    let caret = sanitized.log.first { $0.hasSuffix("^") }
    #expect(caret?.count == 19 + (granule % 16) * 3 + 1)
    let line = try #require(row)
    let at = line.index(line.startIndex, offsetBy: 19 + (granule % 16) * 3)
    #expect(line[at...].hasPrefix("03"))
  }

  @Test func freedObjectsWaitAndAreNamed() throws {
    let sanitized = SanitizedHeap()
    let heap = try #require(sanitized.heap)
    guard let cache = heap.pointee.makeCache(of: Thing.self, name: "test_cache") else {
      Issue.record("no cache")
      return
    }
    let thing = try #require(cache.allocate(Thing()))
    let start = UInt64(thing.address)
    cache.free(thing)
    #expect(sanitized.kasan.pointee.shadow.value(at: start) == 0xfa)
    #expect(sanitized.kasan.pointee.shadow.value(at: start + 8) == 0xfb)
    // The next one is another: the first still waits.
    let other = try #require(cache.allocate(Thing()))
    #expect(other != thing)
    sanitized.kasan.pointee.check(start + 8, 8, write: false, from: 0x3000)
    #expect(sanitized.kasan.pointee.lastBug == .useAfterFree)
    #expect(sanitized.log.contains("Freed by task 22:"))
    cache.free(thing)
    #expect(sanitized.kasan.pointee.lastBug == .doubleFree)
    #expect(
      sanitized.log.contains(
        "Free of addr \(String(repeating: "0", count: 16 - String(start, radix: 16).count))\(String(start, radix: 16)) by task tester/22"
      ))
    #expect(sanitized.kasan.pointee.reports == 2)
    sanitized.kasan.pointee.emptyQuarantine()
    #expect(sanitized.kasan.pointee.shadow.value(at: start) == 0xfb)
    cache.free(other)
    heap.pointee.checkInvariants()
  }

  /// Random objects beside a model: exactly what is nobody's is bad, and nothing is given out while
  /// it waits.
  @Test(arguments: [11, 12] as [UInt64])
  func whatLivesIsGoodAndTheRestIsNot(seed: UInt64) throws {
    let sanitized = SanitizedHeap()
    let heap = try #require(sanitized.heap)
    var random = Random(seed: seed)
    var living: [(start: UInt64, size: UInt64)] = []
    var freed: [UInt64: Int] = [:]
    var frees = 0
    var reused = 0
    for step in 0..<12_000 {
      if living.count < 20 || random.next() % 2 == 0 && living.count < 400 {
        let size = 1 + random.next() % (random.next() % 2 == 0 ? 8000 : 300)
        let start = try #require(Self.take(size, heap))
        // Not while it waits: seven megabytes do, of objects below ten kilobytes.
        if let when = freed.removeValue(forKey: start) {
          #expect(frees - when > 700, "seed \(seed) step \(step)")
          reused += 1
        }
        living.append((start, size))
      } else {
        let index = random.below(living.count)
        let (start, size) = living[index]
        let map = sanitized.kasan.pointee.shadow
        #expect(!map.isBad(start, size) && map.isBad(start + size, 1) && map.isBad(start, size + 1))
        Self.give(start, heap)
        #expect(map.isBad(start, 1))
        frees += 1
        freed[start] = frees
        living.remove(at: index)
      }
    }
    #expect(sanitized.kasan.pointee.reports == 0 && reused > 100)
    for (start, _) in living { Self.give(start, heap) }
    sanitized.kasan.pointee.emptyQuarantine()
    #expect(sanitized.kasan.pointee.quarantine.bytes == 0)
    heap.pointee.checkInvariants()
  }
}
