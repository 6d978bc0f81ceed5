import HostBoard
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Random allocations beside a model that knows only which frames are owned.
@Suite struct FrameAllocatorModelTests {
  /// Layouts of RAM: one bank, banks with holes inside page blocks, banks on both sides of 4 GiB.
  static let layouts: [[TestMachine.Bank]] = [
    [(0, 96 * mebibyte)],
    [(0, 40 * mebibyte + 192 * 1024), (64 * mebibyte + 320 * 1024, 50 * mebibyte)],
    [(0, 64 * mebibyte), (700 * mebibyte, 64 * mebibyte), (3 * gibibyte, 128 * mebibyte)],
  ]

  @Test(arguments: pageSizes, [0, 1, 2])
  func noFrameIsLostOrOwnedTwice(size: PageSize, layout: Int) {
    let machine = TestMachine(size, Self.layouts[layout])
    defer { machine.end() }
    var model = Model(machine, seed: UInt64(layout) &* 77 &+ size.shift)
    model.run(operations: 120_000, check: 12_000)
  }

  @Test(arguments: pageSizes) func invariantsHoldAfterEachOperation(size: PageSize) {
    // As small as starts: the checks walk all of RAM.
    let machine = TestMachine(size, [(0, size == .fourKiB ? 4 * mebibyte : 32 * mebibyte)])
    defer { machine.end() }
    var model = Model(machine, seed: 4242 &+ size.shift)
    model.run(operations: 2_500, check: 1)
  }
}

/// Which blocks are owned, and by what.
struct Model {
  let machine: TestMachine
  let seed: UInt64
  var random: Random
  var owned: [(number: PageFrameNumber, order: Order)] = []
  var ownedFrames: Set<UInt64> = []
  let kinds: [GFP] = [
    .kernel, .highUserMovable, [.kernel, .reclaimable], .atomic, [.highUserMovable, .zero], .dma,
  ]

  init(_ machine: TestMachine, seed: UInt64) {
    self.machine = machine
    self.seed = seed
    random = Random(seed: seed)
  }

  mutating func run(operations: Int, check: Int) {
    let allocator = machine.frames
    let before = allocator.pointee.unused
    let managed = Int(allocator.pointee.managed.rawValue)
    allocator.pointee.checkInvariants()
    for operation in 0..<operations {
      // Swing between nearly empty and nearly full.
      let filling = (operation / 4000) % 2 == 0
      if random.below(100) < (filling ? 62 : 38) { allocate(managed) } else { free() }
      if operation % check == 0 {
        allocator.pointee.checkInvariants()
        #expect(
          Int(allocator.pointee.unused.rawValue) + ownedFrames.count == managed, "seed \(seed)")
      }
    }
    while !owned.isEmpty { free() }
    allocator.pointee.drain()
    allocator.pointee.checkInvariants()
    #expect(allocator.pointee.unused == before, "seed \(seed)")
    #expect(allocator.pointee.free == before, "seed \(seed)")
  }

  mutating func allocate(_ managed: Int) {
    let largest = Int(machine.frames.pointee.geometry.largest.rawValue)
    let order =
      random.below(10) < 7 ? 0 : random.below(10) < 9 ? random.below(4) : random.below(largest + 1)
    let flags = kinds[random.below(kinds.count)]
    guard
      let number = machine.frames.pointee.allocate(Order(UInt64(order)), flags)
    else { return }
    let order0 = Order(UInt64(order))
    #expect(number.isAligned(to: order0))
    for offset in 0..<order0.pages.rawValue {
      let (new, _) = ownedFrames.insert(number.rawValue + offset)
      if !new { Issue.record("owned twice: \(number.rawValue + offset), seed \(seed)") }
    }
    let frame = machine.frames.pointee.frame(number)
    #expect(frame.pointee.referenceCount == 1 && frame.pointee.state == .kernel)
    let isRAM = machine.frames.pointee.banks.contains(number.address(machine.pageSize))
    #expect(isRAM)
    if flags.contains(.zero) {
      #expect(machine.board.load(UInt64.self, at: number.address(machine.pageSize)) == 0)
    }
    machine.board.store(UInt64.max, at: number.address(machine.pageSize))
    if flags.contains(.movable) { frame.pointee.state = .anonymous }
    owned.append((number, order0))
  }

  mutating func free() {
    guard !owned.isEmpty else { return }
    let index = random.below(owned.count)
    owned.swapAt(index, owned.count - 1)
    let (number, order) = owned.removeLast()
    for offset in 0..<order.pages.rawValue { ownedFrames.remove(number.rawValue + offset) }
    machine.frames.pointee.free(number, order)
  }
}
