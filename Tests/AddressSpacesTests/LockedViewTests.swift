import HostBoard
import MemorySupport
import MemoryTypes
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// Private views of a file that are locked: whether they still follow the file
/// (mm/gup.c:populate_vma_page_range()).
@Suite struct LockedViewTests {
  /// A file of some pages that is mapped shared, and through which it is written.
  struct World {
    let machine: TestMachine
    let space: Space
    let file: KernelPointer<OpenFile>
    let shared: UInt64

    init(_ configuration: Configuration, pages: UInt64) throws {
      machine = try TestMachine(configuration)
      space = try machine.makeSpace()
      let page = machine.page
      file = try machine.files.pointee.makeAnonymousFile(ByteCount(pages * page))
      shared = try Self.map(space, file, pages * page, [.read, .write], .shared)
      write(1, pages: pages)
    }

    static func map(
      _ space: Space, _ file: KernelPointer<OpenFile>, _ length: UInt64, _ protection: Protection,
      _ flags: MapFlags
    ) throws -> UInt64 {
      try space.pointee.map(
        MappingRequest(
          length: ByteCount(length), protection: protection, flags: flags, file: file)
      ).rawValue
    }

    func view(_ pages: UInt64, _ protection: Protection) throws -> VirtualAddress {
      VirtualAddress(
        try Self.map(space, file, pages * machine.page, protection, .private))
    }

    /// Writes a number to every page of the file.
    func write(_ value: UInt64, pages: UInt64) {
      for index in 0..<pages {
        let stored = space.pointee.store(value, at: shared + index * machine.page)
        #expect(stored == .value(value))
      }
    }

    func reads(_ view: VirtualAddress, _ page: UInt64 = 0) -> AddressSpace<HostBoard>.Access {
      space.pointee.load(view.rawValue + page * machine.page)
    }

    func end() {
      machine.activate(nil)
      AddressSpace.release(space)
      machine.files.pointee.release(file)
      machine.end()
    }
  }

  @Test(arguments: Configuration.all)
  func lockingCopies(configuration: Configuration) throws {
    let world = try World(configuration, pages: 1)
    defer { world.end() }
    let page = ByteCount(world.machine.page)
    let writable = try world.view(1, [.read, .write])
    let readable = try world.view(1, .read)
    let onFault = try world.view(1, [.read, .write])
    try world.space.pointee.lock(writable, page, onFault: false)
    try world.space.pointee.lock(readable, page, onFault: false)
    try world.space.pointee.lock(onFault, page, onFault: true)
    world.write(2, pages: 1)
    #expect(world.reads(writable) == .value(1))
    #expect(world.reads(readable) == .value(2))
    #expect(world.reads(onFault) == .value(2))
  }

  /// mprotect of what is locked brings it in as mlock does (mprotect_fixup()).
  @Test(arguments: Configuration.all)
  func becomingWritableCopies(configuration: Configuration) throws {
    let world = try World(configuration, pages: 1)
    defer { world.end() }
    let page = ByteCount(world.machine.page)
    let locked = try world.view(1, .read)
    let onFault = try world.view(1, .read)
    try world.space.pointee.lock(locked, page, onFault: false)
    try world.space.pointee.lock(onFault, page, onFault: true)
    try world.space.pointee.protect(locked, page, [.read, .write])
    try world.space.pointee.protect(onFault, page, [.read, .write])
    world.write(2, pages: 1)
    #expect(world.reads(locked) == .value(1))
    #expect(world.reads(onFault) == .value(2))
  }

  /// mremap of what is locked brings in what it grew by.
  @Test(arguments: Configuration.all)
  func growingCopies(configuration: Configuration) throws {
    let world = try World(configuration, pages: 3)
    defer { world.end() }
    let page = world.machine.page
    for onFault in [false, true] {
      world.write(1, pages: 3)
      let view = try world.view(1, [.read, .write])
      try world.space.pointee.lock(view, ByteCount(page), onFault: onFault)
      let grown = try world.space.pointee.remap(
        view, ByteCount(page), ByteCount(3 * page), .mayMove, VirtualAddress(0))
      world.write(2, pages: 3)
      for index in 0..<UInt64(3) {
        #expect(world.reads(grown, index) == .value(onFault ? 2 : 1))
      }
    }
  }

  /// What is past the file's end is an error of mlock; what is before it was brought in.
  @Test(arguments: Configuration.all)
  func lockingPastTheEnd(configuration: Configuration) throws {
    let world = try World(configuration, pages: 1)
    defer { world.end() }
    let view = try world.view(2, [.read, .write])
    let length = ByteCount(2 * world.machine.page)
    let error = errno { try world.space.pointee.lock(view, length, onFault: false) }
    #expect(error == .ENOMEM)
    world.write(2, pages: 1)
    #expect(world.reads(view) == .value(1))
    #expect(world.reads(view, 1) == .failed(.beyondObject))
  }
}
