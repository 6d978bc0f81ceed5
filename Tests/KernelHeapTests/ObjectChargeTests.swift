import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Objects and buffers that are charged to memory groups, wherever their owner is kept.
@Suite struct ObjectChargeTests {
  /// Fills its slot, and leaves room for an owner.
  struct Whole { var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (1, 2, 3, 4, 5) }

  private enum Item {
    case whole(KernelPointer<Whole>)
    case roomy(KernelPointer<Whole>)
    case plain(KernelPointer<Whole>)
    case buffer(UInt, UInt64)
  }

  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2, 3, 4])
  func everyObjectIsChargedToWhoMadeItAndGivenBack(size: PageSize, seed: UInt64) throws {
    let machine = TestHeap(size)
    defer { machine.end() }
    let frames = machine.frames
    let whole = machine.cache(of: Whole.self, name: "whole", options: [.account, .alone])
    let roomy = machine.cache(
      of: Whole.self, name: "roomy", linuxSize: ByteCount(64), options: [.account, .alone])
    let plain = machine.cache(of: Whole.self, name: "plain", options: .alone)
    let first = frames.pointee.makeGroup(below: nil)
    let second = frames.pointee.makeGroup(below: nil)
    let groups = try [#require(first), #require(second)]
    var random = Random(seed: seed)
    var items: [(Item, owner: Int?, bytes: Int)] = []
    var expected = [0, 0]
    for step in 0..<4000 {
      // Mostly more at first, mostly fewer in the end.
      if items.isEmpty || random.below(4000) > step {
        let owner = random.below(3)
        frames.pointee.groups.current = owner == 2 ? nil : groups[owner]
        let item: Item
        var bytes = 0
        switch random.below(4) {
        case 0:
          item = .whole(try #require(whole.allocate(Whole())))
          bytes = 48
        case 1:
          item = .roomy(try #require(roomy.allocate(Whole())))
          bytes = 72
        case 2: item = .plain(try #require(plain.allocate(Whole())))
        default:
          let length = UInt64(1 + random.below(4000))
          guard
            let memory = unsafe machine.heap.pointee.kmalloc(
              ByteCount(length), [.kernel, .account])
          else {
            Issue.record("no memory")
            return
          }
          item = .buffer(UInt(bitPattern: memory), length)
          bytes = 8 + Int(max(128, UInt64(1) << UInt64(64 - (length - 1).leadingZeroBitCount)))
          unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xff, count: Int(length))
        }
        if owner == 2 { bytes = 0 }
        if bytes > 0 { expected[owner] += bytes }
        items.append((item, owner == 2 ? nil : owner, bytes))
      } else {
        let (item, owner, bytes) = items.remove(at: random.below(items.count))
        switch item {
        case .whole(let object):
          #expect(object.pointee.words.4 == 5)
          whole.free(object)
        case .roomy(let object): roomy.free(object)
        case .plain(let object): plain.free(object)
        case .buffer(let address, let length):
          if random.below(2) == 0 {
            unsafe machine.heap.pointee.kfree(UnsafeMutableRawPointer(bitPattern: address))
          } else {
            unsafe machine.heap.pointee.freeBytes(
              try #require(UnsafeMutableRawPointer(bitPattern: address)), ByteCount(length))
          }
        }
        if let owner { expected[owner] -= bytes }
      }
      for index in 0..<2 {
        #expect(groups[index].total(GroupCounter.slabUnreclaimable) == expected[index])
      }
    }
    #expect(expected == [0, 0] || !items.isEmpty)
    for (item, _, _) in items {
      switch item {
      case .whole(let object): whole.free(object)
      case .roomy(let object): roomy.free(object)
      case .plain(let object): plain.free(object)
      case .buffer(let address, _):
        unsafe machine.heap.pointee.kfree(UnsafeMutableRawPointer(bitPattern: address))
      }
    }
    frames.pointee.groups.current = nil
    let stillCharges = frames.pointee.chargesObjects
    #expect(!stillCharges)
    for group in groups { #expect(group.total(GroupCounter.slabUnreclaimable) == 0) }
    let wrong = frames.pointee.checkGroups()
    #expect(wrong == nil)
    // Slabs, and rows beside them, go back.
    machine.heap.pointee.shrink()
    frames.pointee.drainStock(ifWithin: nil)
    for group in groups { #expect(group.pointee.memory.usage == 0) }
  }
}
