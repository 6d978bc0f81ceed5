import Arm64
import BoardFormat
import KernelHeap
import MemoryTypes
import PageFrames
import Testing

@testable import Tasks

/// Tasks of the kernel's own: when they come to be, when they run, that nobody sees them, and that
/// the end does not wait for them.
@Suite struct KernelTaskTests {
  /// Takes frames from the program until the low watermark is reached, as others would have them.
  private func hold(_ machine: GuestMachine) -> [PageFrameNumber] {
    let frames = machine.kernel.frames
    let attention = frames.pointee.attention
    frames.pointee.attention = nil
    defer { frames.pointee.attention = attention }
    var taken: [PageFrameNumber] = []
    while frames.pointee.requests.isEmpty, let frame = frames.pointee.allocate(.kernel) {
      taken.append(frame)
    }
    return taken
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func kswapdIsMadeWhenItIsNeededAndGoesAtTheEnd(size: PageSize) {
    let machine = GuestMachine(size)
    defer { machine.end() }
    let kernel = machine.kernel
    machine.programs[0x1000] = { guest in guest.call(94, 0) }
    machine.run { guest in guest.call(94, 0) }
    kernel.dropCachedStacks()
    kernel.slab.pointee.shrink()
    let used = kernel.vmalloc.pointee.usedPages
    var pids: [Int64] = []
    var counts: [Int] = []
    let end = machine.run { guest in
      counts.append(kernel.store.pointee.taskCount)
      #expect(kernel.store.pointee.kernelTasks.tasks[0] == nil)
      let taken = hold(machine)
      // The next fault on wakes it, on the way back.
      let place = guest.memory(size.bytes.rawValue)
      guest.touch(place, write: true)
      #expect(kernel.store.pointee.kernelTasks.tasks[0] != nil)
      // Numbers and counts are as without it.
      for frame in taken { kernel.frames.pointee.free(frame) }
      pids.append(guest.call(172))
      pids.append(guest.fork(childAt: 0x1000))
      counts.append(kernel.store.pointee.taskCount)
      guest.call(260, ~0, 0, 0)
      guest.call(94, 5)
    }
    #expect(end.status == 5)
    #expect(counts == [2, 3] && pids[1] == pids[0] + 1)
    #expect(kernel.store.pointee.kernelTasks.tasks[0] == nil)
    kernel.dropCachedStacks()
    #expect(kernel.vmalloc.pointee.usedPages == used)
    kernel.frames.pointee.checkInvariants()
  }

  /// It runs before those who wait for the CPU, and who was interrupted goes on before them, too.
  @Test func aKernelTaskTakesNobodysTurn() {
    let machine = GuestMachine()
    defer { machine.end() }
    let kernel = machine.kernel
    var order: [String] = []
    machine.programs[0x1000] = { guest in
      order.append("child")
      guest.call(94, 0)
    }
    machine.run { guest in
      _ = guest.fork(childAt: 0x1000)
      let taken = hold(machine)
      guest.touch(guest.memory(4096), write: true)
      order.append("parent")
      #expect(kernel.store.pointee.kernelTasks.tasks[0] != nil)
      for frame in taken { kernel.frames.pointee.free(frame) }
      guest.call(260, ~0, 0, 0)
    }
    #expect(order == ["parent", "child"])
  }
}
