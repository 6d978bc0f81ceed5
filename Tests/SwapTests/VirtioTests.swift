import HostBoard
import MemoryTypes
import PageFrames
import Swap
import TestSupport
import Testing

/// Swap areas on a disk that works when it likes.
@Suite struct VirtioTests {
  /// A machine with such a disk, which is on.
  static func machine(_ pages: UInt64, seed: UInt64) throws -> (SwapMachine, VirtioModel) {
    let machine = SwapMachine()
    let model = VirtioModel(machine.board, pages: pages, seed: seed)
    var header = [UInt8](repeating: 0, count: 4096)
    header[1024] = 1
    for byte in 0..<4 { header[1028 + byte] = UInt8((pages - 1) >> UInt64(byte * 8) & 255) }
    header.replaceSubrange(4086..., with: "SWAPSPACE2".utf8)
    model.contents[0] = header
    machine.board.device = model
    let made = machine.swap.pointee.makeDisk(at: 0, of: 1)
    let device = try #require(made)
    #expect(model.isRunning && device.pages.rawValue == pages)
    try machine.swap.pointee.turnOn(device, name: "/dev/vda", identity: 1)
    return (machine, model)
  }

  @Test func pagesComeBackAsTheyWent() throws {
    let (machine, model) = try Self.machine(600, seed: 21)
    try SwapModelTests().run(machine, seed: 22)
    machine.swap.pointee.suspend(0)
    machine.swap.pointee.waitForWrites()
    machine.swap.pointee.turnOff(0)
    #expect(machine.swap.pointee.disk?.pointee.checkInvariants() == nil)
    #expect(machine.swap.pointee.disk?.pointee.inFlight == 0 && model.contents.count > 100)
    machine.board.device = nil
  }

  /// What fails is said to have failed, and all else is there.
  @Test func whatFailsIsKept() throws {
    let (machine, model) = try Self.machine(600, seed: 31)
    let swap = machine.swap
    model.failures = 30
    var random = Random(seed: 32)
    var kept = 0
    var lost = 0
    for _ in 0..<800 {
      let word = random.next()
      let number = machine.page(word)
      let frame = machine.frames.pointee.frame(number)
      let isAdded = swap.pointee.addToSwap(number)
      try #require(isAdded)
      let entry = machine.entry(number)
      try swap.pointee.duplicate(entry)
      swap.pointee.write(number)
      swap.pointee.waitForWrite(of: number)
      if frame.pointee.flags.contains(.dirty) {
        // It could not be written, and is the only copy.
        kept += 1
        #expect(machine.word(number) == word && swap.pointee.cached(entry) == number)
      } else {
        swap.pointee.removeFromCache(number)
        let found = swap.pointee.bring(entry)
        let brought = try #require(found)
        let isThere = machine.frames.pointee.frame(brought.frame).pointee.flags.contains(.uptodate)
        if isThere { #expect(machine.word(brought.frame) == word) } else { lost += 1 }
      }
      machine.frames.pointee.release(number)
      swap.pointee.freeAndCache(entry)
      #expect(swap.pointee.users(of: entry) == 0)
    }
    #expect(kept > 100 && lost > 50)
    #expect(swap.pointee.checkInvariants() == nil)
    machine.board.device = nil
  }

  /// A device that says what cannot be is reset, and all that it was given has failed.
  @Test(arguments: VirtioModel.Lie.allCases)
  func aLyingDeviceIsUsedNoMore(lie: VirtioModel.Lie) throws {
    let (machine, model) = try Self.machine(600, seed: 41)
    let swap = machine.swap
    var pages: [PageFrameNumber] = []
    for index in 0..<60 as Range<UInt64> {
      let number = machine.page(index)
      let isAdded = swap.pointee.addToSwap(number)
      try #require(isAdded)
      try swap.pointee.duplicate(machine.entry(number))
      if index == 30 { model.lie = lie }
      swap.pointee.write(number)
      pages.append(number)
    }
    swap.pointee.waitForWrites()
    #expect(swap.pointee.disk?.pointee.isBroken == true && model.isReset)
    #expect(swap.pointee.disk?.pointee.checkInvariants() == nil)
    for (index, number) in pages.enumerated() {
      let flags = machine.frames.pointee.frame(number).pointee.flags
      #expect(!flags.contains(.writeback) && machine.word(number) == UInt64(index))
    }
    // Those after it failed at once.
    let last = machine.frames.pointee.frame(pages[59]).pointee.flags
    #expect(last.contains(.dirty))
    machine.board.device = nil
  }
}
