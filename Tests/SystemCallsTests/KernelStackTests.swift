import AddressSpaces
import Arm64
import BoardFormat
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import Tasks
import Testing

/// Kernel stacks: where they lie, and that as many are kept as may be.
@Suite struct KernelStackTests {
  @Test func stacksComeFromVMallocAndTwoAreKept() {
    let machine = GuestMachine()
    defer { machine.end() }
    let kernel = machine.kernel
    let stackPages = kernel.layout.threadSize.wholePages(of: kernel.board.pageSize).rawValue
    machine.programs[0x1000] = { guest in guest.call(94, 0) }
    var starts: [VirtualAddress] = []
    var counted: [Int] = []
    let end = machine.run { guest in
      let place = guest.memory(4096)
      for round in 0..<3 {
        for _ in 0..<5 { _ = guest.fork(childAt: 0x1000) }
        starts = []
        kernel.forEachTask { starts.append($0.pointee.kernelStack.start) }
        counted.append(kernel.frames.pointee.statistic(.nr_kernel_stack))
        kernel.vmalloc.pointee.checkInvariants()
        for _ in 0..<5 { _ = guest.call(260, ~0, place, 0) }
        // The first program's and process 1's are in use, two more are kept.
        #expect(
          kernel.vmalloc.pointee.usedPages.rawValue == 4 * stackPages, "round \(round)")
      }
    }
    #expect(end.reason == .exited)
    let size = kernel.layout.threadSize
    #expect(counted == Array(repeating: 7 * Int(size.kibibytes), count: 3))
    #expect(starts.count == 7 && Set(starts).count == 7)
    for start in starts {
      #expect(start.rawValue % kernel.layout.threadAlignment.rawValue == 0)
      let isThere = kernel.vmalloc.pointee.isVMalloc(start)
      #expect(isThere)
    }
    #expect(kernel.frames.pointee.statistic(.nr_kernel_stack) == Int(size.kibibytes))
    #expect(kernel.vmalloc.pointee.usedPages.rawValue == 3 * stackPages)
    kernel.vmalloc.pointee.checkInvariants()
  }

  /// A fork that finds no room for a stack fails as Linux's, and leaves nothing behind.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func withoutRoomForAStackThereIsNoChild(size: PageSize) {
    let machine = GuestMachine(size)
    defer { machine.end() }
    let kernel = machine.kernel
    machine.programs[0x1000] = { guest in guest.call(94, 0) }
    let end = machine.run { guest in
      let used = kernel.vmalloc.pointee.usedPages
      var taken: [PageFrameNumber] = []
      while let frame = kernel.frames.pointee.allocate(.kernel) { taken.append(frame) }
      // The call itself would be made again when somebody was killed.
      #expect(throws: Errno.ENOMEM) { try kernel.clone(CloneRequest([], exitSignal: .child)) }
      #expect(kernel.frames.pointee.shortage != nil)
      kernel.frames.pointee.shortage = nil
      #expect(kernel.vmalloc.pointee.usedPages == used)
      for frame in taken { kernel.frames.pointee.free(frame) }
      #expect(
        kernel.frames.pointee.statistic(.nr_kernel_stack) == 2
          * Int(kernel.layout.threadSize.kibibytes))
      kernel.vmalloc.pointee.checkInvariants()
      let another = guest.fork(childAt: 0x1000)
      #expect(another > 0)
      _ = guest.call(260, ~0, 0, 0, 0)
    }
    #expect(end.reason == .exited)
  }

  /// What meminfo calls PageTables is the two last levels of all programs, and level 2 of the
  /// kernel's own where that is not its root.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func pageTablesAreTheSumOfTheSpaces(size: PageSize) {
    let machine = GuestMachine(size)
    defer { machine.end() }
    let kernel = machine.kernel
    func sum() -> Int {
      let start = kernel.board.translation.startLevel
      var seen: Set<UInt> = []
      var pages = start < 2 ? kernel.vmalloc.pointee.table.tableCounts()[2] : 0
      kernel.forEachTask { task in
        guard let space = task.pointee.memory.space, seen.insert(space.address).inserted else {
          return
        }
        let tables = space.pointee.tablePages()
        pages += Int(tables[4]) + (start < 2 ? Int(tables[3]) : 0)
      }
      return pages
    }
    machine.programs[0x1000] = { guest in guest.call(94, 0) }
    let end = machine.run { guest in
      for pages in [1, 100, 400] as [UInt64] {
        let place = guest.memory(pages * size.bytes.rawValue)
        for page in stride(from: 0, to: pages, by: 50) {
          guest.touch(place + page * size.bytes.rawValue, write: true)
        }
        _ = guest.fork(childAt: 0x1000)
        #expect(kernel.frames.pointee.statistic(.nr_page_table_pages) == sum())
        if pages == 100 { guest.call(215, place, pages * size.bytes.rawValue) }
        #expect(kernel.frames.pointee.statistic(.nr_page_table_pages) == sum())
      }
      while guest.call(260, ~0, 0, 0, 0) > 0 {}
      #expect(kernel.frames.pointee.statistic(.nr_page_table_pages) == sum())
    }
    #expect(end.reason == .exited)
  }
}
