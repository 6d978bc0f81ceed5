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
}
