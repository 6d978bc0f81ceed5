import Arm64
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Where areas go, what is refused, and what may be done with them.
@Suite struct VMallocTests {
  static let sizes: [PageSize] = [.fourKiB, .sixteenKiB, .sixtyFourKiB]

  @Test(arguments: sizes)
  func theLowestRoomIsTaken(size: PageSize) {
    let machine = TestVMalloc(size)
    defer { machine.end() }
    let vmalloc = machine.vmalloc
    let page = size.bytes
    let starts = (0..<6).map { _ in vmalloc.pointee.allocate(page, caller: "a") }
    let stride = page + page
    for (index, start) in starts.enumerated() {
      #expect(start == machine.region.lowerBound + ByteCount(stride.rawValue * UInt64(index)))
    }
    // What is given back is not had again before it was purged.
    vmalloc.pointee.free(machine.region.lowerBound + stride)
    let after = vmalloc.pointee.allocate(page, caller: "b")
    #expect(after == machine.region.lowerBound + ByteCount(stride.rawValue * 6))
    vmalloc.pointee.purge()
    let again = vmalloc.pointee.allocate(page, caller: "c")
    #expect(again == machine.region.lowerBound + stride)
    // A longer one does not fit a hole of two pages.
    vmalloc.pointee.free(machine.region.lowerBound + ByteCount(stride.rawValue * 3))
    vmalloc.pointee.purge()
    let longer = vmalloc.pointee.allocate(page + page, caller: "d")
    #expect(longer == machine.region.lowerBound + ByteCount(stride.rawValue * 7))
    vmalloc.pointee.checkInvariants()
  }

  @Test(arguments: sizes)
  func senselessRequestsAreRefused(size: PageSize) {
    let machine = TestVMalloc(size, ram: .mebibytes(64))
    defer { machine.end() }
    let vmalloc = machine.vmalloc
    let unused = machine.frames.pointee.unused
    for length in [0, .max, .max - 4095, 1 << 63, 1 << 44, 65 << 20] as [UInt64] {
      let start = vmalloc.pointee.allocate(ByteCount(length), caller: "hostile")
      #expect(start == nil, "\(length)")
      let huge = vmalloc.pointee.allocateHuge(ByteCount(length), caller: "hostile")
      #expect(huge == nil, "\(length)")
    }
    // More than is free, but not more than RAM: begun, and all of it given back.
    let most = vmalloc.pointee.allocate(
      machine.frames.pointee.managed.bytes(of: size), caller: "hostile")
    #expect(most == nil)
    for (address, length) in [
      (0x4000_0000, 4096), (0x3fff_f000, 0x2000), (0x900_0000, 0), (.max - 4095, 8192),
      (1 << 52, 4096), (0, .max),
    ] as [(UInt64, UInt64)] {
      let start = vmalloc.pointee.mapDevice(
        PhysicalAddress(address), ByteCount(length), caller: "hostile")
      #expect(start == nil, "\(address), \(length)")
    }
    let none = vmalloc.pointee.map(PageCount(0), caller: "hostile") { _ in nil }
    let nothing = vmalloc.pointee.map(PageCount(4), caller: "hostile") { _ in nil }
    #expect(none == nil && nothing == nil)
    for address in [0, .max, machine.region.lowerBound.rawValue, 0x4000_0000] as [UInt64] {
      let address = VirtualAddress(address)
      let freed = vmalloc.pointee.free(address)
      let unmapped = vmalloc.pointee.unmap(address)
      let later = vmalloc.pointee.freeLater(address)
      #expect(!freed && !unmapped && !later)
    }
    vmalloc.pointee.purge()
    vmalloc.pointee.checkInvariants()
    #expect(vmalloc.pointee.areaCount == 0 && vmalloc.pointee.usedPages == .zero)
    // Only tables and slabs stay.
    #expect((unused - machine.frames.pointee.unused).rawValue < 64)
  }

  @Test(arguments: sizes)
  func memoryIsFreedOnce(size: PageSize) throws {
    let machine = TestVMalloc(size)
    defer { machine.end() }
    let vmalloc = machine.vmalloc
    let madeStart = vmalloc.pointee.allocate(size.bytes, caller: "a")
    let start = try #require(madeStart)
    let inside = vmalloc.pointee.free(start + ByteCount(16))
    let first = vmalloc.pointee.free(start)
    let second = vmalloc.pointee.free(start)
    #expect(!inside && first && !second)
    let madeTwice = vmalloc.pointee.allocate(size.bytes, caller: "b")
    let twice = try #require(madeTwice)
    let later = vmalloc.pointee.freeLater(twice)
    vmalloc.pointee.freeDeferred()
    let again = vmalloc.pointee.free(twice)
    #expect(later && !again && vmalloc.pointee.usedPages == .zero)
    vmalloc.pointee.checkInvariants()
  }

  @Test(arguments: sizes)
  func permissionsAreThePagesOwn(size: PageSize) throws {
    let machine = TestVMalloc(size)
    defer { machine.end() }
    let vmalloc = machine.vmalloc
    let page = size.bytes
    let madeStart = vmalloc.pointee.allocateModule(page + page + page, caller: "module")
    let start = try #require(madeStart)
    #expect(machine.modules.contains(start))
    _ = machine.board.takeInvalidations()
    let middle = start + page
    let readOnly = vmalloc.pointee.setReadOnly(middle, PageCount(1))
    let executable = vmalloc.pointee.setExecutable(middle, PageCount(1))
    #expect(readOnly && executable)
    #expect(
      machine.board.takeInvalidations() == [
        .kernelRange(middle, PageCount(1)), .kernelRange(middle, PageCount(1)),
      ])
    let text = try #require(machine.translate(middle))
    let data = try #require(machine.translate(start))
    #expect(!text.writable && text.executable && data.writable && !data.executable)
    let writable = vmalloc.pointee.setWritable(middle, PageCount(1))
    let data2 = vmalloc.pointee.setNotExecutable(middle, PageCount(1))
    let now = try #require(machine.translate(middle))
    #expect(writable && data2 && now.writable && !now.executable)
    let hidden = vmalloc.pointee.setValid(start, PageCount(1), false)
    #expect(hidden && machine.translate(start) == nil)
    for (address, count) in [
      (start, 4), (start + ByteCount(8), 1), (start, .max), (start - page, 1),
      (machine.region.lowerBound, 1),
    ] as [(VirtualAddress, UInt64)] {
      let changed = vmalloc.pointee.setReadOnly(address, PageCount(count))
      #expect(!changed, "\(address) \(count)")
    }
    // What is not valid has its frame all the same, and gives it back.
    let freed = vmalloc.pointee.free(start)
    #expect(freed && vmalloc.pointee.usedPages == .zero)
    vmalloc.pointee.checkInvariants()
  }

  /// What areas had tables for is free again once nobody needs the tables, also of what was between.
  @Test(arguments: sizes)
  func unusedTablesGoBack(size: PageSize) throws {
    let machine = TestVMalloc(size)
    defer { machine.end() }
    let vmalloc = machine.vmalloc
    let madeKept = vmalloc.pointee.allocate(size.bytes, caller: "kept")
    let kept = try #require(madeKept)
    let before = machine.frames.pointee.unused
    let tables = machine.frames.pointee.statistic(.nr_page_table_pages)
    let far = machine.board.translation.coverage(at: 2).rawValue
    var starts: [VirtualAddress] = []
    for alignment in [1, far, 1, far, far] as [UInt64] {
      let start = vmalloc.pointee.allocate(
        size.bytes, .kernel, alignment: alignment, caller: "spread")
      if let start { starts.append(start) }
    }
    let madeModule = vmalloc.pointee.allocateModule(size.bytes, caller: "module")
    starts.append(try #require(madeModule))
    for start in starts { vmalloc.pointee.free(start) }
    vmalloc.pointee.freeUnusedTables()
    machine.heap.pointee.shrink()
    #expect(machine.frames.pointee.unused == before)
    #expect(machine.frames.pointee.statistic(.nr_page_table_pages) == tables)
    #expect(machine.translate(kept) != nil)
    vmalloc.pointee.checkInvariants()
  }
}
