import AddressSpaces
import Arm64
import HostBoard
import KernelHeap
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport
import Testing

@testable import Files
@testable import Swap

/// Pages of files in memory that go to swap when memory is short, and come back.
@Suite struct SharedReclaimTests {
  private func check(_ machine: ReclaimMachine, _ file: KernelPointer<OpenFile>?) {
    machine.frames.pointee.checkInvariants()
    let wrong = machine.frames.pointee.checkLRU()
    #expect(wrong == nil)
    let isSound = machine.memory.pointee.swap.pointee.checkInvariants()
    #expect(isSound == nil)
    if let file { machine.files.pointee.checkPages(of: file.pointee.inode) }
  }

  private func makeFile(_ machine: ReclaimMachine, pages: Int) throws -> KernelPointer<OpenFile> {
    try machine.files.pointee.makeAnonymousFile(
      PageCount(UInt64(pages)).bytes(of: machine.board.pageSize),
      name: unsafe ByteString(keptBytes(Array("shared".utf8))), number: 7)
  }

  /// A file of twice the memory that is written, read, mapped, cut and made holes into is what an
  /// array of words is.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2, 3] as [UInt64])
  func twiceTheMemoryIsAllThere(size: PageSize, seed: UInt64) throws {
    let (machine, pages, filePages) = try ReclaimMachine.withSwap(size)
    defer { machine.end() }
    let file = try makeFile(machine, pages: pages)
    let inode = file.pointee.inode
    let space = try machine.machine.makeSpace()
    let start = try space.pointee.map(
      MappingRequest(
        address: VirtualAddress(0), length: PageCount(UInt64(pages)).bytes(of: size),
        protection: [.read, .write], flags: .shared, file: file))
    var random = Random(seed: seed)
    var model = [UInt64](repeating: 0, count: pages)
    var isThere = [Bool](repeating: false, count: pages)
    for step in 0..<pages + 6000 {
      machine.keepRoom(&random)
      let page = step < pages ? step : random.below(pages)
      let address = start + PageCount(UInt64(page)).bytes(of: size)
      switch step < pages ? random.below(2) : random.below(12) {
      case 0:
        model[page] = random.next()
        isThere[page] = true
        try space.pointee.copyOut(model[page], to: address)
      case 1:
        model[page] = random.next()
        isThere[page] = true
        try write(model[page], page, file, machine)
      case 2...5:
        let word = try space.pointee.copyIn(UInt64.self, from: address)
        #expect(word == model[page], "seed \(seed), step \(step), page \(page)")
      case 6, 7:
        let word = try read(page, file, machine)
        #expect(word == model[page], "seed \(seed), step \(step), page \(page)")
      case 8:
        let last = min(page + random.below(40), pages - 1)
        machine.memory.pointee.unmapFile(
          inode, UInt64(page)...UInt64(last), copies: false)
        try machine.files.pointee.punchHole(in: inode, from: UInt64(page), to: UInt64(last) + 1)
        for hole in page...last {
          model[hole] = 0
          isThere[hole] = false
        }
      case 9:
        // Cut in the middle of a page, behind what is looked at, and grown again.
        let place = pages - 1 - random.below(40)
        let bytes = UInt64(place) << size.shift + 16
        machine.memory.pointee.unmapFile(inode, from: UInt64(place) + 1)
        try machine.files.pointee.setSize(of: inode, to: bytes)
        try machine.files.pointee.setSize(of: inode, to: UInt64(pages) << size.shift)
        for gone in place + 1..<pages {
          model[gone] = 0
          isThere[gone] = false
        }
      case 10:
        let last = UInt64(min(page + 8, pages - 1))
        try machine.files.pointee.allocate(
          inode, from: UInt64(page) << size.shift, to: (last + 1) << size.shift, keepsSize: true)
        for made in page...Int(last) { isThere[made] = true }
      default:
        let index = UInt64(random.below(filePages))
        #expect(try machine.word(index) == index, "seed \(seed), step \(step)")
      }
      if step % 1500 == 0 { check(machine, file) }
    }
    // A hole that was read may have a page or not; all that was written has one, in RAM or not.
    let held = inode.pointee.pages.count + inode.pointee.swapped
    #expect(held >= UInt64(isThere.count { $0 }) && held <= UInt64(pages))
    #expect(inode.pointee.swapped > 0)
    #expect(machine.frames.pointee.statistic(.pswpout) > 0)
    #expect(machine.frames.pointee.statistic(.pswpin) > 0)
    check(machine, file)
    AddressSpace.release(space)
    let slots = machine.memory.pointee.swap
    machine.files.pointee.release(file)
    slots.pointee.waitForWrites()
    check(machine, nil)
    #expect(machine.frames.pointee.statistic(.nr_shmem) == 0)
    #expect(machine.files.pointee.promisedPages == 0)
  }

  /// What a file had in an area is in RAM when that is off; what cannot be read is an error for who
  /// asks, for ever, and nobody else's.
  @Test func allComesBackButWhatIsLost() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(16), pages: 16)
    defer { machine.end() }
    try machine.addSwap(pages: 1024)
    let swap = machine.memory.pointee.swap
    let pages = 200
    let file = try makeFile(machine, pages: pages)
    let inode = file.pointee.inode
    for page in 0..<pages { try write(UInt64(page) * 3 + 1, page, file, machine) }
    sendOut(inode, pages, machine)
    #expect(inode.pointee.swapped == UInt64(pages))
    #expect(machine.files.pointee.metadata(of: inode).blocks == UInt64(pages) * 8)
    check(machine, file)
    // Somebody who only looks finds what is there.
    #expect(try read(17, file, machine) == 17 * 3 + 1)
    #expect(inode.pointee.swapped == UInt64(pages) - 1)
    let turnedOn = swap.pointee.writableArea(1)
    let number = try #require(turnedOn)
    let found = swap.pointee.area(number)
    let area = try #require(found)
    // The next read fails, which is that of one page alone.
    swap.pointee.pageCluster = 0
    area.pointee.device.faults = SwapDevice<HostBoard>.Faults()
    area.pointee.device.faults.readsFrom = 1
    area.pointee.device.faults.readsUntil = 2
    #expect(throws: Errno.EIO) { try read(150, file, machine) }
    check(machine, file)
    swap.pointee.suspend(number)
    try machine.files.pointee.bringBackAll(from: number)
    swap.pointee.forgetUnused(number)
    #expect(swap.pointee.nextInUse(number, from: 1) == nil)
    check(machine, file)
    swap.pointee.turnOff(number)
    #expect(inode.pointee.swapped == 0)
    for page in 0..<pages where page != 150 {
      #expect(try read(page, file, machine) == UInt64(page) * 3 + 1)
    }
    #expect(throws: Errno.EIO) { try read(150, file, machine) }
    #expect(throws: Errno.EIO) { try write(1, 150, file, machine) }
    #expect(machine.files.pointee.metadata(of: inode).blocks == UInt64(pages - 1) * 8)
    // Until the place is given up.
    try machine.files.pointee.punchHole(in: inode, from: 150, to: 151)
    #expect(try read(150, file, machine) == 0)
    check(machine, file)
    machine.files.pointee.release(file)
    check(machine, nil)
    #expect(machine.files.pointee.promisedPages == 0)
  }

  /// A file that is kept in RAM stays there, and may go when it is let go.
  @Test func whatIsKeptStays() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(16), pages: 16)
    defer { machine.end() }
    try machine.addSwap(pages: 1024)
    let file = try makeFile(machine, pages: 64)
    let inode = file.pointee.inode
    for page in 0..<32 { try write(5, page, file, machine) }
    machine.files.pointee.keepInMemory(inode, true)
    for page in 32..<64 { try write(5, page, file, machine) }
    sendOut(inode, 64, machine)
    #expect(inode.pointee.swapped == 0)
    machine.frames.pointee.drainLRU()
    #expect(machine.frames.pointee.statistic(.nr_unevictable) == 64)
    machine.files.pointee.keepInMemory(inode, false)
    #expect(machine.frames.pointee.statistic(.nr_unevictable) == 0)
    sendOut(inode, 64, machine)
    #expect(inode.pointee.swapped == 64)
    check(machine, file)
  }

  /// Reclaims all that can be.
  private func sendOut(
    _ inode: KernelPointer<Inode>, _ pages: Int, _ machine: ReclaimMachine
  ) {
    for _ in 0..<40 {
      var scan = ScanControl(.highUserMovable, highest: .movable)
      scan.wanted = pages
      scan.priority = 0
      _ = machine.reclaimer.free(&scan)
      machine.memory.pointee.swap.pointee.waitForWrites()
    }
  }

  private func write(
    _ word: UInt64, _ page: Int, _ file: KernelPointer<OpenFile>, _ machine: ReclaimMachine
  ) throws(Errno) {
    let position = UInt64(page) << machine.board.pageSize.shift
    var word = word
    _ = try machine.files.pointee.write(file, at: position, ByteCount(8)) { room in
      unsafe withUnsafeBytes(of: &word) { unsafe room.bytes.copyMemory(from: $0) }
      return 8
    }
  }

  private func read(
    _ page: Int, _ file: KernelPointer<OpenFile>, _ machine: ReclaimMachine
  ) throws(Errno) -> UInt64 {
    let position = UInt64(page) << machine.board.pageSize.shift
    var word: UInt64 = 0
    var place: UInt64 = 0
    _ = try machine.files.pointee.read(file, at: position, ByteCount(8)) { piece in
      for index in 0..<piece.count {
        word |= UInt64(piece[index]) << (place * 8)
        place += 1
      }
      return piece.count
    }
    return word
  }
}
