import HostBoard
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Charges beside a slow tree that knows Linux's rules and nothing of frames.
@Suite struct MemoryGroupTests {
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2, 3])
  func everyChargeIsCountedOnce(size: PageSize, seed: UInt64) {
    let machine = TestMachine(size, [(0, size == .fourKiB ? 8 * mebibyte : 64 * mebibyte)])
    defer { machine.end() }
    var test = GroupModel(machine, seed: seed &* 31 &+ size.shift)
    test.run(operations: 600)
  }

  /// The tree of the recorded probe `protect`: 24 MiB for two that want 12 MiB each, and for two
  /// that want 24 MiB each.
  @Test func protectionIsSharedByUse() throws {
    let machine = TestMachine(.fourKiB, [(0, 32 * mebibyte)])
    defer { machine.end() }
    let frames = machine.frames
    let made = (
      frames.pointee.makeGroup(below: nil),
      frames.pointee.makeGroup(below: frames.pointee.group(1)),
      frames.pointee.makeGroup(below: frames.pointee.group(1))
    )
    let parent = try #require(made.0)
    let a = try #require(made.1)
    let b = try #require(made.2)
    func charge(_ group: KernelPointer<MemoryGroup>, _ pages: Int) -> [PageFrameNumber] {
      frames.pointee.groups.current = group
      return (0..<pages).compactMap { _ in
        guard let number = frames.pointee.allocate(.highUserMovable) else { return nil }
        let isCharged = frames.pointee.charge(number)
        #expect(isCharged)
        frames.pointee.frame(number).pointee.state = .anonymous
        return number
      }
    }
    let pages = charge(a, 2048) + charge(b, 1024)
    frames.pointee.drainStock(ifWithin: nil)
    parent.setLow(2000)
    a.setLow(1000)
    b.setLow(500)
    for group in [parent, a, b] { group.calculateProtection(from: nil) }
    #expect(a.pointee.memory.effectiveLow == 1000 && b.pointee.memory.effectiveLow == 500)
    #expect(!a.isBelowLow && !b.isBelowLow)
    a.setLow(6000)
    b.setLow(6000)
    for group in [parent, a, b] { group.calculateProtection(from: nil) }
    // By what each uses of what it claims, in what the parent has.
    #expect(a.pointee.memory.effectiveLow == 2048 * 2000 / 3072)
    #expect(b.pointee.memory.effectiveLow == 1024 * 2000 / 3072)
    // A reclaim that begins at the parent takes the children's settings as they are.
    for group in [a, b] { group.calculateProtection(from: parent) }
    #expect(a.isBelowLow && b.isBelowLow)
    for number in pages { frames.pointee.free(number) }
    #expect(parent.pointee.memory.usage == 0 && parent.pointee.memory.watermark == 3072)
    let wrong = frames.pointee.checkGroups()
    #expect(wrong == nil)
  }

  /// calculate_high_delay()'s table for a mark of 100 MiB, at 250 ticks a second.
  @Test(arguments: [(101, 6), (105, 159), (110, 639), (117, 1849)])
  func delayGrowsWithTheSquare(mebibytes: UInt64, milliseconds: UInt64) {
    let overage = (mebibytes &- 100) &* 256 &<< 20 / (100 &* 256)
    let ticks = KernelPointer<MemoryGroup>.delay(for: overage, pages: 64, hertz: 1000)
    #expect(ticks == milliseconds)
    #expect(
      KernelPointer<MemoryGroup>.delay(for: overage, pages: 32, hertz: 1000) == milliseconds / 2)
    #expect(KernelPointer<MemoryGroup>.delay(for: .max, pages: 1, hertz: 250) > 500)
  }
}

/// A group as the model sees it: sums over its children are made each time.
final class SlowGroup {
  let parent: SlowGroup?
  var own = 0
  var children: [SlowGroup] = []
  var limit = Int.max
  var isOnline = true
  let group: KernelPointer<MemoryGroup>

  init(_ group: KernelPointer<MemoryGroup>, below parent: SlowGroup?) {
    self.group = group
    self.parent = parent
    parent?.children.append(self)
  }

  var usage: Int { children.reduce(own) { $0 + $1.usage } }
  func mayGrow(by pages: Int) -> Bool {
    usage + pages <= limit && (parent?.mayGrow(by: pages) ?? true)
  }
  var depth: Int { (parent?.depth ?? 0) + 1 }
}

struct GroupModel {
  let machine: TestMachine
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let seed: UInt64
  var random: Random
  var groups: [SlowGroup] = []
  var ended: [SlowGroup] = []
  var stock: (group: SlowGroup, pages: Int)?
  var pages: [(number: PageFrameNumber, order: Order, group: SlowGroup)] = []
  var objects: [(bytes: Int, group: SlowGroup)] = []

  init(_ machine: TestMachine, seed: UInt64) {
    self.machine = machine
    frames = machine.frames
    self.seed = seed
    random = Random(seed: seed)
  }

  mutating func run(operations: Int) {
    let before = frames.pointee.unused
    guard let first = frames.pointee.makeGroup(below: nil) else { return }
    groups.append(SlowGroup(first, below: nil))
    for operation in 0..<operations {
      let group = groups[random.below(groups.count)]
      frames.pointee.groups.current = group.group
      switch random.below(20) {
      case 0: make(below: random.below(5) == 0 ? nil : group)
      case 1: if groups.count > 1 { end(group) }
      case 2: limit(group)
      case 3: drain(group)
      case 4...9: chargePage(group)
      case 10...11: chargeBlock(group)
      default: if !pages.isEmpty { freePage() }
      }
      compare(operation)
    }
    while !pages.isEmpty { freePage() }
    drain(nil)
    compare(operations)
    while let group = groups.last(where: { $0.children.isEmpty }) { end(group) }
    frames.pointee.groups.current = nil
    frames.pointee.drainStock(ifWithin: nil)
    let left = frames.pointee.groups.count
    #expect(left == 0, "seed \(seed)")
    #expect(frames.pointee.unused == before, "seed \(seed)")
  }

  private func compare(_ operation: Int) {
    for group in groups {
      #expect(
        group.group.pointee.memory.usage == group.usage, "seed \(seed), operation \(operation)")
    }
    if let wrong = frames.pointee.checkGroups() {
      Issue.record("\(wrong): seed \(seed), operation \(operation)")
    }
  }

  private mutating func make(below parent: SlowGroup?) {
    guard groups.count < 60, (parent?.depth ?? 0) < 12,
      let group = frames.pointee.makeGroup(below: parent?.group)
    else { return }
    let found = frames.pointee.group(group.pointee.number)
    #expect(found == group)
    groups.append(SlowGroup(group, below: parent))
  }

  /// A group with nobody below it is removed; its pages stay charged.
  private mutating func end(_ group: SlowGroup) {
    guard group.children.isEmpty else { return }
    drain(group)
    frames.pointee.endGroup(group.group)
    groups.removeAll { $0 === group }
    group.isOnline = false
    // The model keeps what is left of it with its parent.
    group.parent?.own += group.own
    group.parent?.children.removeAll { $0 === group }
  }

  private mutating func limit(_ group: SlowGroup) {
    group.limit = random.below(3) == 0 ? .max : random.below(400)
    group.group.setMaximum(group.limit)
    group.group.setMinimum(random.below(300))
    group.group.setLow(random.below(300))
  }

  private mutating func drain(_ group: SlowGroup?) {
    frames.pointee.drainStock(ifWithin: group?.group)
    guard let held = stock, held.pages >= 0 else { return }
    if let group, !isWithin(held.group, group) { return }
    held.group.own -= held.pages
    stock = nil
  }

  private func isWithin(_ group: SlowGroup, _ root: SlowGroup) -> Bool {
    group === root || (group.parent.map { isWithin($0, root) } ?? false)
  }

  private mutating func refill(_ group: SlowGroup, _ count: Int) {
    if stock?.group !== group {
      if let held = stock { held.group.own -= held.pages }
      stock = (group, 0)
    }
    stock?.pages += count
    if let held = stock, held.pages > 64 {
      group.own -= held.pages
      stock = nil
    }
  }

  /// consume_stock(), page_counter_try_charge() of a batch and of what is needed.
  private mutating func charge(_ group: SlowGroup, _ count: Int) -> Bool {
    if let held = stock, held.group === group, held.pages >= count {
      stock?.pages -= count
      return true
    }
    for batch in [max(64, count), count] where group.mayGrow(by: batch) {
      group.own += batch
      if batch > count { refill(group, batch - count) }
      return true
    }
    return false
  }

  private mutating func chargePage(_ group: SlowGroup) {
    guard let number = frames.pointee.allocate(.highUserMovable) else { return }
    let expected = charge(group, 1)
    let isCharged = frames.pointee.charge(number)
    #expect(isCharged == expected, "seed \(seed)")
    if !expected {
      let limit = frames.pointee.group(frames.pointee.shortage?.group ?? 0)
      #expect(limit.map { group.group.isWithin($0) } == true)
      #expect(frames.pointee.shortage?.pages == 1 && frames.pointee.shortage?.isLent == false)
      frames.pointee.shortage = nil
      return frames.pointee.free(number)
    }
    frames.pointee.frame(number).pointee.state = .anonymous
    pages.append((number, .zero, group))
  }

  /// The kernel's blocks are charged beyond any limit; the task owes what is beyond.
  private mutating func chargeBlock(_ group: SlowGroup) {
    let order = Order(UInt64(random.below(3)))
    guard let number = frames.pointee.allocate(order, [.kernel, .account]) else { return }
    let count = Int(order.pages.rawValue)
    if !charge(group, count) {
      group.own += count
      let shortage = frames.pointee.shortage
      #expect(shortage?.isLent == true && shortage?.pages == count, "seed \(seed)")
      frames.pointee.shortage = nil
    }
    pages.append((number, order, group))
  }

  private mutating func freePage() {
    let page = pages.remove(at: random.below(pages.count))
    let isKernels = frames.pointee.frame(page.number).pointee.state == .kernel
    frames.pointee.free(page.number, page.order)
    let count = Int(page.order.pages.rawValue)
    if isKernels, page.group.isOnline {
      refill(page.group, count)
    } else {
      owner(of: page.group)?.own -= count
    }
  }

  /// Where the model counts what a removed group has.
  private func owner(of group: SlowGroup) -> SlowGroup? {
    var here: SlowGroup? = group
    while let one = here, !one.isOnline { here = one.parent }
    return here
  }
}
