import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Random objects and buffers beside a model that knows what was written where.
@Suite struct SlabModelTests {
  struct Small { var words: InlineArray<5, UInt64> }
  struct Large { var words: InlineArray<90, UInt64> }

  final class Living { var count = 0 }

  /// An object that knows how many of its kind live.
  struct Counted: ~Copyable {
    let value: UInt64
    let living: Living
    init(_ value: UInt64, _ living: Living) {
      self.value = value
      self.living = living
      living.count += 1
    }
    deinit { living.count -= 1 }
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func objectsKeepTheirContents(size: PageSize) {
    let machine = TestHeap(size)
    defer { machine.end() }
    let seed = 99 &+ size.shift
    var random = Random(seed: seed)
    let small = machine.cache(
      of: Small.self, name: "small", linuxSize: ByteCount(144), options: .account)
    let large = machine.cache(of: Large.self, name: "large", options: .reclaimable)
    var smalls: [(KernelPointer<Small>, UInt64)] = []
    var larges: [(KernelPointer<Large>, UInt64)] = []
    var addresses: Set<UInt> = []
    machine.heap.pointee.shrink()
    let before = machine.frames.pointee.unused
    for operation in 0..<60_000 {
      let tag = random.next()
      let filling = (operation / 9000) % 2 == 0
      switch (random.below(2), random.below(100) < (filling ? 60 : 40)) {
      case (0, true):
        guard let new = small.allocate(Small(words: .init(repeating: tag))) else { break }
        #expect(addresses.insert(new.address).inserted, "seed \(seed)")
        smalls.append((new, tag))
      case (1, true):
        guard let new = large.allocate(Large(words: .init(repeating: tag))) else { break }
        #expect(addresses.insert(new.address).inserted, "seed \(seed)")
        larges.append((new, tag))
      case (0, false) where !smalls.isEmpty:
        smalls.swapAt(random.below(smalls.count), smalls.count - 1)
        let (old, tag) = smalls.removeLast()
        #expect((0..<5).allSatisfy { old.pointee.words[$0] == tag }, "seed \(seed)")
        addresses.remove(old.address)
        small.free(old)
      case (1, false) where !larges.isEmpty:
        larges.swapAt(random.below(larges.count), larges.count - 1)
        let (old, tag) = larges.removeLast()
        #expect((0..<90).allSatisfy { old.pointee.words[$0] == tag }, "seed \(seed)")
        addresses.remove(old.address)
        large.free(old)
      default: break
      }
      if operation % 1000 == 0 {
        machine.heap.pointee.checkInvariants()
        machine.frames.pointee.checkInvariants()
      }
    }
    for (old, _) in smalls { small.free(old) }
    for (old, _) in larges { large.free(old) }
    machine.heap.pointee.checkInvariants()
    machine.heap.pointee.shrink()
    machine.heap.pointee.checkInvariants()
    #expect(machine.frames.pointee.unused == before, "seed \(seed)")
    #expect(machine.frames.pointee.statistic(.nr_slab_reclaimable) == 0)
  }

  @Test func aValueEndsOnce() {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let living = Living()
    let cache = machine.cache(of: Counted.self, name: "counted")
    var all: [KernelPointer<Counted>] = []
    for value in 0..<1000 as Range<UInt64> {
      guard let new = cache.allocate(Counted(value, living)) else {
        Issue.record("no memory")
        return
      }
      all.append(new)
    }
    #expect(living.count == 1000)
    for (value, object) in all.enumerated() { #expect(object.pointee.value == UInt64(value)) }
    for object in all { cache.free(object) }
    #expect(living.count == 0)
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func buffersOfAllSizes(size: PageSize) {
    let machine = TestHeap(size)
    defer { machine.end() }
    machine.heap.pointee.shrink()
    let before = machine.frames.pointee.unused
    let slabs = machine.frames.pointee.statistic(.nr_slab_unreclaimable)
    var random = Random(seed: 5 &+ size.shift)
    var live: [Buffer] = []
    for _ in 0..<20_000 {
      if random.below(100) < 52 {
        let length = 1 + random.below(1 << (random.below(19)))
        let tag = UInt8(truncatingIfNeeded: random.next())
        guard let buffer = Buffer(length, tag, of: machine) else { continue }
        live.append(buffer)
      } else if !live.isEmpty {
        let buffer = live.remove(at: random.below(live.count))
        #expect(buffer.isUnchanged)
        buffer.free(of: machine)
      }
    }
    machine.heap.pointee.checkInvariants()
    for buffer in live { buffer.free(of: machine) }
    machine.heap.pointee.shrink()
    #expect(machine.frames.pointee.unused == before)
    #expect(machine.frames.pointee.statistic(.nr_slab_unreclaimable) == slabs)
  }

  @Test func figuresAreSlabinfos() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let cache = machine.cache(of: Small.self, name: "vm_area_struct", linuxSize: ByteCount(144))
    var all: [KernelPointer<Small>] = []
    for _ in 0..<29 {
      all.append(try #require(cache.allocate(Small(words: .init(repeating: 0)))))
    }
    var found: SlabFigures?
    machine.heap.pointee.forEachCache { figures in
      if found == nil { found = figures }
    }
    let figures = try #require(found)
    #expect(figures.name.text == "vm_area_struct")
    #expect(figures.objects == 56 && figures.activeObjects == 56 && figures.slabs == 2)
    #expect(figures.objectSize == ByteCount(144) && figures.ownSize == ByteCount(40))
    #expect(figures.objectsPerSlab == 28 && figures.pagesPerSlab == 1)
  }

  /// When memory is gone an allocation fails and leaves nothing behind.
  @Test func memoryEnds() {
    let machine = TestHeap(.fourKiB, ram: .mebibytes(8))
    defer { machine.end() }
    let cache = machine.cache(of: Large.self, name: "large")
    machine.heap.pointee.shrink()
    let before = machine.frames.pointee.unused
    var all: [KernelPointer<Large>] = []
    while let new = cache.allocate(Large(words: .init(repeating: 1))) { all.append(new) }
    #expect(all.count > 5000)
    machine.heap.pointee.checkInvariants()
    machine.frames.pointee.checkInvariants()
    for old in all { cache.free(old) }
    machine.heap.pointee.shrink()
    #expect(machine.frames.pointee.unused == before)
  }
}

/// A byte buffer with the same byte everywhere.
@safe struct Buffer {
  let start: UnsafeMutableRawPointer
  let length: Int
  let tag: UInt8

  init?(_ length: Int, _ tag: UInt8, of machine: TestHeap) {
    guard let start = unsafe machine.heap.pointee.allocateBytes(ByteCount(UInt64(length))) else {
      return nil
    }
    unsafe start.initializeMemory(as: UInt8.self, repeating: tag, count: length)
    unsafe self.start = start
    self.length = length
    self.tag = tag
  }

  var isUnchanged: Bool {
    unsafe start.load(as: UInt8.self) == tag
      && start.load(fromByteOffset: length - 1, as: UInt8.self) == tag
  }

  func free(of machine: TestHeap) {
    unsafe machine.heap.pointee.freeBytes(start, ByteCount(UInt64(length)))
  }
}
