import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Caches are made, shared, and destroyed.
@Suite struct CacheLifeTests {
  private func description(
    _ name: StaticString, _ size: UInt64, alignment: UInt64 = 0, _ options: SlabOptions = []
  ) -> SlabDescription {
    unsafe SlabDescription(
      name: SlabName(name), size: ByteCount(size), alignment: alignment, options: options)
  }

  @Test func cachesAlikeAreOne() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let heap = machine.heap
    let chain = try machine.made(description("chain", 64, .account))
    let folder = try machine.made(description("fs_cache", 64, [.account, .cacheAligned]))
    #expect(folder == chain)
    let almost = try machine.made(description("almost", 57, .account))
    #expect(almost == chain)
    #expect(machine.figures("chain")?.aliases == 2)
    // All names are kept, each once, for the links of /sys/kernel/slab.
    #expect(try machine.made(description("almost", 57, .account)) == chain)
    #expect(machine.destroy(chain))
    let number = try #require(machine.figures("chain")).number
    func name(_ index: Int) -> String? {
      heap.pointee.name(index, ofCacheNumbered: number)?.text
    }
    #expect((0..<4).map(name) == ["chain", "fs_cache", "almost", nil])
    // Other uses, other sizes, other lives.
    for other in [
      description("uncharged", 64), description("smaller", 56, .account),
      description("larger", 72, .account), description("rcu", 64, [.account, .typesafeByRCU]),
      description("aligned", 64, alignment: 128, .account),
    ] {
      let cache = try machine.made(other)
      #expect(cache != chain, "\(other.name.text)")
      #expect(machine.destroy(cache))
    }
    var user = description("user", 64, .account)
    user.userSize = 8
    #expect(try machine.made(user) != chain)
    // The cache lives as long as one of its names.
    #expect(machine.destroy(chain) && machine.destroy(folder))
    #expect(machine.figures("chain")?.aliases == 0)
    #expect(machine.destroy(almost) && machine.figures("chain") == nil)
    heap.pointee.checkInvariants()
  }

  /// What `/sys/kernel/slab` lets user 0 change: less is kept, and what was kept goes.
  @Test func whatIsKeptCanBeChanged() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let heap = machine.heap
    let cache = try machine.made(description("kept", 512, .alone))
    func useAndGiveBack() throws -> SlabFigures {
      var objects: [UInt] = []
      for _ in 0..<200 {
        let object = unsafe heap.pointee.allocate(from: cache)
        objects.append(UInt(bitPattern: object))
      }
      for object in objects {
        let place = unsafe try #require(unsafe UnsafeMutableRawPointer(bitPattern: object))
        unsafe heap.pointee.free(place, to: cache)
      }
      heap.pointee.checkInvariants()
      return try #require(machine.figures("kept"))
    }
    let usual = try useAndGiveBack()
    #expect(usual.keptSlabs > 1 && usual.perCPUObjects == 52)
    let isSet = heap.pointee.setPerCPUObjects(0, of: cache)
    #expect(isSet)
    let fewer = try #require(machine.figures("kept"))
    #expect(fewer.keptSlabs == 0 && fewer.perCPUObjects == 0)
    heap.pointee.setMinPartial(1, of: cache)
    heap.pointee.shrink(cache)
    let least = try useAndGiveBack()
    #expect(least.keptSlabs <= 1 && least.partialSlabs <= 1 && least.minPartial == 1)
    #expect(least.slabs < usual.slabs)
    #expect(machine.destroy(cache))
  }

  @Test func aCacheWithObjectsStays() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let heap = machine.heap
    heap.pointee.shrink()
    let before = machine.frames.pointee.unused
    let name = Array("from a module".utf8)
    let made = unsafe name.withUnsafeBytes {
      unsafe heap.pointee.createCache(
        SlabDescription(name: SlabName($0), size: ByteCount(200)), copyingName: true)
    }
    let cache = try #require(made)
    #expect(machine.figures("from a module") != nil)
    let object = unsafe try #require(unsafe heap.pointee.allocate(from: cache))
    #expect(!machine.destroy(cache))
    #expect(machine.figures("from a module") != nil)
    unsafe heap.pointee.free(object, to: cache)
    #expect(machine.destroy(cache))
    heap.pointee.shrink()
    #expect(machine.frames.pointee.unused == before)
    heap.pointee.checkInvariants()
  }

  @Test func nonsenseIsRefused() {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let heap = machine.heap
    for bad in [
      description("none", 0), description("huge", 1 << 40), description("odd", 64, alignment: 48),
      description("far", 64, alignment: 1 << 20),
      description("unknown", 64, SlabOptions(rawValue: 0x4000_0000)),
    ] {
      #expect(heap.pointee.createCache(bad) == nil, "\(bad.name.text)")
    }
    heap.pointee.checkInvariants()
  }

  /// A constructor has seen every object, and what it wrote is there whenever one is given out.
  @Test func constructedObjectsStayConstructed() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let heap = machine.heap
    let cache = unsafe try machine.made(
      SlabDescription(
        name: SlabName("constructed"), size: ByteCount(72),
        constructor: { object in
          unsafe object.initializeMemory(as: UInt64.self, repeating: 0xC0DE, count: 9)
        }))
    #expect(heap.pointee.objectSize(of: cache) == ByteCount(72))
    #expect(machine.figures("constructed")?.size == ByteCount(80))
    for _ in 0..<3 {
      var objects: [UnsafeMutableRawPointer] = unsafe []
      for _ in 0..<200 {
        let object = unsafe try #require(unsafe heap.pointee.allocate(from: cache))
        for word in 0..<9 {
          #expect(unsafe object.load(fromByteOffset: word * 8, as: UInt64.self) == 0xC0DE)
        }
        unsafe objects.append(object)
      }
      for index in unsafe objects.indices {
        unsafe heap.pointee.free(objects[index], to: cache)
      }
    }
    #expect(machine.destroy(cache))
  }

  @Test func rowsComeWholeOrNotAtAll() throws {
    let machine = TestHeap(.fourKiB, ram: .mebibytes(8))
    defer { machine.end() }
    let heap = machine.heap
    let cache = try machine.made(description("row", 1024, .alone))
    heap.pointee.shrink()
    let before = machine.frames.pointee.unused
    let row = UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>.allocate(capacity: 8192)
    defer { unsafe row.deallocate() }
    unsafe row.initialize(repeating: nil)
    let few = unsafe UnsafeMutableBufferPointer(rebasing: row[..<100])
    #expect(unsafe heap.pointee.allocate(from: cache, into: few))
    #expect(unsafe Set(few.compactMap { unsafe $0.map { UInt(bitPattern: $0) } }).count == 100)
    unsafe heap.pointee.free(few, to: cache)
    #expect(!(unsafe heap.pointee.allocate(from: cache, into: row)))
    #expect(unsafe row.allSatisfy { unsafe $0 == nil })
    heap.pointee.shrink(cache)
    #expect(machine.frames.pointee.unused == before)
    heap.pointee.checkInvariants()
  }

  @Test func addressesLeadToObjects() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let heap = machine.heap
    let cache = try machine.made(description("found", 2752))
    for _ in 0..<30 {
      let object = unsafe try #require(unsafe heap.pointee.allocate(from: cache))
      for offset in [0, 1, 2751] {
        let near = unsafe try #require(unsafe heap.pointee.object(near: object + offset))
        #expect(unsafe near.cache == cache && near.object == object)
      }
    }
    let address = try #require(machine.freshFrame())
    let nothing = unsafe heap.pointee.object(near: machine.board.pointer(to: address)) == nil
    #expect(nothing)
  }
}
