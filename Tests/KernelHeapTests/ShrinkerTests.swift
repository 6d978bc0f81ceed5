import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Who gives up objects when memory is short.
@Suite struct ShrinkerTests {
  /// A hoard of so many objects, of which at each call some may go.
  struct Hoard {
    var shrinker: Shrinker
    var objects: UInt
    var calls = 0
    var isStubborn = false

    init(_ objects: UInt, batch: Int = 0, seeks: Int32 = 2) {
      self.objects = objects
      shrinker = unsafe Shrinker(
        count: { (this, _) in unsafe this.assumingMemoryBound(to: Hoard.self).pointee.objects },
        scan: { (this, control) in
          let hoard = unsafe this.assumingMemoryBound(to: Hoard.self)
          unsafe hoard.pointee.calls += 1
          if unsafe hoard.pointee.isStubborn { return Shrinker.stop }
          let asked = unsafe control.assumingMemoryBound(to: ShrinkControl.self).pointee.toScan
          let gone = unsafe min(asked, hoard.pointee.objects)
          unsafe hoard.pointee.objects -= gone
          return gone
        }, batch: batch, seeks: seeks)
    }
  }

  private func withHoard(
    _ hoard: Hoard,
    _ body: (KernelPointer<SlabAllocator<HostBoard>>, UnsafeMutablePointer<Hoard>) throws -> Void
  ) rethrows {
    let machine = TestHeap(.fourKiB)
    defer { machine.end() }
    let place = UnsafeMutablePointer<Hoard>.allocate(capacity: 1)
    unsafe place.initialize(to: hoard)
    defer { unsafe place.deallocate() }
    // The shrinker is the first field.
    let shrinker = unsafe KernelPointer(
      UnsafeMutableRawPointer(place).assumingMemoryBound(to: Shrinker.self))
    #expect(machine.heap.pointee.register(shrinker) == true)
    #expect(machine.heap.pointee.register(shrinker) == false, "it is there already")
    unsafe try body(machine.heap, place)
    machine.heap.pointee.unregister(shrinker)
    machine.heap.pointee.unregister(shrinker)
    #expect(machine.heap.pointee.dropObjects() == 0)
  }

  /// do_shrink_slab(): twice as many as there are shifted by the priority, in whole batches; the
  /// rest is asked for the next time.
  @Test func priorityIsTheShare() {
    unsafe withHoard(Hoard(100_000)) { heap, hoard in
      // 100,000 >> 12 is 24, doubled 48: less than a batch, so it waits; three calls make 144.
      #expect(heap.pointee.shrinkObjects(.kernel, priority: 12) == 0)
      #expect(unsafe hoard.pointee.calls == 0)
      // 100,000 >> 4 is 6,250: 12,500 are 97 batches of 128.
      #expect(heap.pointee.shrinkObjects(.kernel, priority: 4) == 97 * 128)
      #expect(unsafe hoard.pointee.calls == 97)
    }
  }

  @Test func everythingGoesInTheEnd() {
    unsafe withHoard(Hoard(5_000)) { heap, hoard in
      #expect(heap.pointee.dropObjects() == 5_000)
      #expect(unsafe hoard.pointee.objects == 0)
      #expect(heap.pointee.frames.pointee.statistic(.slabs_scanned) >= 5_000)
    }
    // A few that are less than a batch go as well.
    unsafe withHoard(Hoard(3, batch: 1024)) { heap, hoard in
      #expect(heap.pointee.dropObjects() == 3)
    }
  }

  @Test func aStubbornOneIsLeft() {
    var stubborn = Hoard(1_000)
    stubborn.isStubborn = true
    unsafe withHoard(stubborn) { heap, hoard in
      #expect(heap.pointee.dropObjects() == 0)
      #expect(unsafe hoard.pointee.calls == 1 && hoard.pointee.objects == 1_000)
    }
  }
}
