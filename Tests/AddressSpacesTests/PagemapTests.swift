import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Testing

@testable import AddressSpaces

/// The words of pagemap, kpagecount and kpageflags.
@Suite struct PagemapTests {
  @Test(arguments: Configuration.all)
  func words(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let start = try space.pointee.map(
      MappingRequest(
        length: ByteCount(5 * page), protection: [.read, .write], flags: [.private, .anonymous]))
    let shared = try space.pointee.map(
      MappingRequest(
        length: ByteCount(page), protection: [.read, .write], flags: [.shared, .anonymous]))
    let base = start.rawValue
    _ = space.pointee.store(1, at: base)
    _ = space.pointee.load(base + page)
    _ = space.pointee.store(2, at: base + 3 * page)
    _ = space.pointee.store(3, at: shared.rawValue)
    try space.pointee.protect(VirtualAddress(base + 3 * page), ByteCount(page), [])

    let words = space.pointee.pagemap(from: start, showsFrames: true)
    let first = PagemapEntry(rawValue: words[0])
    #expect(first.isSuperset(of: [.present, .exclusive]) && !first.contains(.file))
    let zero = PagemapEntry(rawValue: words[1])
    #expect(zero.isDisjoint(with: [.exclusive, .file]) && zero.contains(.present))
    #expect(zero.rawValue & PagemapEntry.frameMask == machine.context.pointee.zeroPage.rawValue)
    #expect(words[2] == 0)
    // A page that nobody may touch is present all the same.
    #expect(PagemapEntry(rawValue: words[3]).isSuperset(of: [.present, .exclusive]))
    #expect(words[4] == 0)
    let other = PagemapEntry(
      rawValue: space.pointee.pagemap(from: shared, showsFrames: false)[0])
    #expect(other == [.present, .exclusive, .file])

    let context = machine.context
    let number = PageFrameNumber(words[0] & PagemapEntry.frameMask)
    #expect(context.pointee.kernelPageCount(of: number) == 1)
    let flags = KernelPageFlags(rawValue: context.pointee.kernelPageFlags(of: number))
    #expect(flags.isSuperset(of: [.mapped, .anonymous, .swapBacked, .uptodate]))
    guard let child = space.pointee.copy() else { fatalError("no memory") }
    #expect(context.pointee.kernelPageCount(of: number) == 2)
    let copied = child.pointee.pagemap(from: start, showsFrames: true)[0]
    #expect(!PagemapEntry(rawValue: copied).contains(.exclusive))
    AddressSpace.release(child)
    #expect(
      context.pointee.kernelPageFlags(of: context.pointee.zeroPage)
        == KernelPageFlags([.zeroPage, .reserved]).rawValue)
    #expect(
      context.pointee.kernelPageFlags(of: PageFrameNumber(1)) == KernelPageFlags.noPage.rawValue)
    let table = KernelPageFlags(rawValue: context.pointee.kernelPageFlags(of: space.pointee.root))
    #expect(table == [])
    machine.activate(nil)
    AddressSpace.release(space)
    #expect(context.pointee.kernelPageCount(of: number) == 0)
    #expect(context.pointee.kernelPageFlags(of: number) == 0 || flags.contains(.buddy))
  }

  /// Every frame below the end of RAM is something; those in the buddy lists say so, all of them.
  @Test func wholeTable() throws {
    let machine = try TestMachine(Configuration.all[0])
    defer { machine.end() }
    var free = 0
    var number = PageFrameNumber(containing: HostBoard.ramBase, machine.pageSize)
    while number < machine.frames.pointee.endOfRAM {
      if machine.frames.pointee.kernelPageFlags(of: number).contains(.buddy) { free += 1 }
      number += PageCount(1)
    }
    #expect(free == Int(machine.frames.pointee.free.rawValue))
  }
}
