import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@Suite struct KmallocTests {
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func sizesAreTheClasses(page: PageSize) throws {
    let machine = TestHeap(page)
    defer { machine.end() }
    let heap = machine.heap
    let limit = page.bytes.rawValue * 2
    var sizes: [UInt64] = [1, 2, 3, 4, 7, 8, 16, 31, 64, 65, 1000, limit]
    for shift in 7...17 as ClosedRange<UInt64> {
      sizes += [(1 << shift) - 1, 1 << shift, (1 << shift) + 1].filter { $0 <= limit }
    }
    for size in sizes {
      let buffer = unsafe try #require(unsafe heap.pointee.kmalloc(ByteCount(size)))
      let room = max(128, UInt64(1) << UInt64(64 - (size - 1).leadingZeroBitCount))
      #expect(unsafe heap.pointee.ksize(buffer) == ByteCount(room), "\(size)")
      #expect(UInt64(UInt(bitPattern: buffer)) % 128 == 0)
      #expect(unsafe heap.pointee.kfree(buffer))
    }
    let large = unsafe try #require(unsafe heap.pointee.kmalloc(ByteCount(limit + 1)))
    #expect(unsafe heap.pointee.ksize(large) == ByteCount(limit * 2))
    #expect(unsafe heap.pointee.kfree(large))
    #expect(!(unsafe heap.pointee.kfree(large)), "nothing is there any more")
    #expect(unsafe heap.pointee.kmalloc(ByteCount(UInt64.max)) == nil)
    #expect(unsafe heap.pointee.kmalloc(ByteCount(1 << 50)) == nil)
    // No bytes: an address that can be given back, and nothing else.
    let none = unsafe try #require(unsafe heap.pointee.kmalloc(.zero))
    #expect(unsafe UInt(bitPattern: none) == 16 && heap.pointee.ksize(none) == .zero)
    #expect(unsafe heap.pointee.kfree(none) && heap.pointee.kfree(nil))
    heap.pointee.checkInvariants()
  }

  @Test func flagsChooseTheType() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let cases: [(GFP, String)] = [
      (.kernel, "kmalloc-512"), ([.kernel, .account], "kmalloc-cg-512"),
      ([.kernel, .reclaimable], "kmalloc-rcl-512"), ([.kernel, .dma], "dma-kmalloc-512"),
      ([.kernel, .dma, .account], "dma-kmalloc-512"),
      ([.kernel, .reclaimable, .account], "kmalloc-rcl-512"), (.atomic, "kmalloc-512"),
    ]
    for (flags, name) in cases {
      let before = try #require(machine.figures(name)).activeObjects
      let buffers = unsafe try (0..<9).map { _ in
        unsafe try #require(unsafe machine.heap.pointee.kmalloc(ByteCount(400), flags))
      }
      #expect(try #require(machine.figures(name)).activeObjects >= max(before, 9), "\(name)")
      for index in unsafe buffers.indices {
        #expect(unsafe machine.heap.pointee.kfree(buffers[index]))
      }
      machine.heap.pointee.shrink()
      #expect(try #require(machine.figures(name)).objects == 0, "\(name)")
    }
    // Buffers of reclaimable memory are counted as such.
    let one = unsafe try #require(
      unsafe machine.heap.pointee.kmalloc(ByteCount(100), [.kernel, .reclaimable]))
    #expect(machine.frames.pointee.statistic(.nr_slab_reclaimable) == 1)
    #expect(unsafe machine.heap.pointee.kfree(one))
  }

  @Test func zeroedBuffersAreZero() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    for size in [1, 128, 200, 8192, 12_288] as [UInt64] {
      for _ in 0..<3 {
        let buffer = unsafe try #require(unsafe machine.heap.pointee.kzalloc(ByteCount(size)))
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: Int(size))
        #expect(unsafe bytes.allSatisfy { $0 == 0 }, "\(size)")
        unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0xA5)
        unsafe machine.heap.pointee.kfree(buffer)
      }
    }
  }

  @Test func reallocationKeepsContents() throws {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let heap = machine.heap
    var buffer = unsafe try #require(unsafe heap.pointee.krealloc(nil, ByteCount(10)))
    unsafe buffer.storeBytes(of: 0x1234_5678, as: UInt32.self)
    for size in [100, 128, 129, 4000, 9000, 40_000, 50] as [UInt64] {
      let fits = unsafe heap.pointee.ksize(buffer) >= ByteCount(size)
      let new = unsafe try #require(unsafe heap.pointee.krealloc(buffer, ByteCount(size)))
      #expect((unsafe new == buffer) == fits, "\(size)")
      unsafe buffer = new
      #expect(unsafe buffer.load(as: UInt32.self) == 0x1234_5678)
    }
    #expect(unsafe heap.pointee.krealloc(buffer, .zero) != nil)
    heap.pointee.shrink()
    heap.pointee.checkInvariants()
  }

  /// A reallocation that cannot be had leaves the buffer.
  @Test func reallocationFails() throws {
    let machine = TestHeap(.fourKiB, ram: .mebibytes(8))
    defer { machine.end() }
    let buffer = unsafe try #require(unsafe machine.heap.pointee.kmalloc(ByteCount(64)))
    unsafe buffer.storeBytes(of: 99, as: Int.self)
    #expect(unsafe machine.heap.pointee.krealloc(buffer, .mebibytes(16)) == nil)
    #expect(unsafe buffer.load(as: Int.self) == 99)
    #expect(unsafe machine.heap.pointee.kfree(buffer))
  }
}
