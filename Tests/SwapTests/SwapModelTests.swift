import HostBoard
import MemoryTypes
import PageFrames
import Swap
import TestSupport
import Testing

/// Pages that go to swap and come back, beside a dictionary of what they hold.
@Suite struct SwapModelTests {
  /// A page of the model: where it is, what is in it, and how many entries name its slot.
  struct Page {
    var word: UInt64
    var frame: PageFrameNumber?
    var entry: SwapEntry?
    var users = 0
  }

  @Test(arguments: [false, true])
  func pagesComeBackAsTheyWent(isSolidState: Bool) throws {
    let machine = SwapMachine()
    let swap = machine.swap
    let free = machine.frames.pointee.unused
    for _ in 0..<2 {
      try swap.pointee.turnOn(
        machine.device(600, isSolidState: isSolidState), name: "/dev/vda", identity: 1)
      try swap.pointee.turnOn(
        machine.device(300, isSolidState: isSolidState, bad: [7, 8, 299]), name: "/dev/vdb",
        identity: 2, priority: 5)
      #expect(swap.pointee.totalPages == 599 + 296)
      try run(machine, seed: isSolidState ? 11 : 12)
      for number in [0, 1] {
        swap.pointee.suspend(number)
        #expect(swap.pointee.nextInUse(number, from: 1) == nil)
        swap.pointee.turnOff(number)
      }
      #expect(swap.pointee.totalPages == 0 && swap.pointee.freePages == 0)
    }
    machine.frames.pointee.drainLRU()
    // Twice the devices' own memory is gone, and a slab or two.
    let devices = 2 * (1024 + 512)
    #expect(machine.frames.pointee.unused.rawValue + UInt64(devices) + 64 >= free.rawValue)
  }

  func run(_ machine: SwapMachine, seed: UInt64) throws {
    var random = Random(seed: seed)
    let swap = machine.swap
    let frames = machine.frames
    var pages: [Page] = []
    for step in 0..<6_000 {
      let note = Comment("seed \(seed), step \(step)")
      switch random.below(10) {
      case 0, 1, 2:
        let word = random.next()
        pages.append(Page(word: word, frame: machine.page(word)))
      case 3, 4, 5:
        // Out: a slot, as many entries as sharers, the write, and the frame is free.
        guard let index = pick(pages, &random, where: { $0.frame != nil && $0.entry == nil }),
          let number = pages[index].frame
        else { break }
        guard swap.pointee.addToSwap(number) else {
          #expect(swap.pointee.freePages == 0, note)
          break
        }
        let entry = machine.entry(number)
        pages[index].users = 1 + random.below(3)
        for _ in 0..<pages[index].users { try swap.pointee.duplicate(entry) }
        swap.pointee.write(number)
        swap.pointee.waitForWrite(of: number)
        if random.below(2) == 0 {
          swap.pointee.removeFromCache(number, shadow: random.below(2) == 0 ? 77 : nil)
        }
        frames.pointee.release(number)
        pages[index].frame = nil
        pages[index].entry = entry
      case 6, 7:
        // In: the cache has it, or reads it; one sharer takes it.
        guard let index = pick(pages, &random, where: { $0.frame == nil }),
          let entry = pages[index].entry
        else { break }
        let answer = swap.pointee.bring(entry)
        let brought = try #require(answer, note)
        #expect(machine.word(brought.frame) == pages[index].word, note)
        frames.pointee.frame(brought.frame).pointee.referenceCount += 1
        swap.pointee.free(entry)
        pages[index].users -= 1
        if pages[index].users == 0 {
          swap.pointee.freeCached(brought.frame)
          pages[index].frame = brought.frame
          pages[index].entry = nil
        } else {
          frames.pointee.release(brought.frame)
        }
      case 8:
        // A sharer is gone without asking.
        guard let index = pick(pages, &random, where: { $0.users > 0 }),
          let entry = pages[index].entry
        else { break }
        swap.pointee.freeAndCache(entry)
        pages[index].users -= 1
        if pages[index].users == 0 { pages.remove(at: index) }
      default:
        guard let index = pick(pages, &random, where: { $0.frame != nil }) else { break }
        if let number = pages[index].frame { frames.pointee.release(number) }
        pages.remove(at: index)
      }
      if step % 37 == 0 { #expect(swap.pointee.checkInvariants() == nil, note) }
    }
    for page in pages {
      if let number = page.frame { frames.pointee.release(number) }
      if let entry = page.entry {
        #expect(swap.pointee.users(of: entry) == page.users)
        for _ in 0..<page.users { swap.pointee.freeAndCache(entry) }
      }
    }
    #expect(swap.pointee.checkInvariants() == nil)
    #expect(swap.pointee.cachedPages == 0)
  }

  func pick(_ pages: [Page], _ random: inout Random, where fits: (Page) -> Bool) -> Int? {
    guard !pages.isEmpty else { return nil }
    let start = random.below(pages.count)
    for step in 0..<pages.count where fits(pages[(start + step) % pages.count]) {
      return (start + step) % pages.count
    }
    return nil
  }
}
