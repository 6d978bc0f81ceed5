import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// Every set of seals, set one by one in every order, against every way to change a file.
@Suite struct SealTests {
  static let single: [FileSeals] = [.seal, .shrink, .grow, .write, .futureWrite]

  @Test(arguments: Configuration.all, 0..<32 as Range<UInt32>)
  func sealedFilesRefuse(configuration: Configuration, bits: UInt32) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let page = machine.page
    let seals = FileSeals(rawValue: bits)
    let file = try machine.files.pointee.makeAnonymousFile(ByteCount(4 * page), seals: [])
    let inode = file.pointee.inode
    let space = try machine.makeSpace()
    var set: FileSeals = []
    var random = Random(seed: UInt64(bits))
    for one in Self.single.shuffled(using: &random) where seals.contains(one) {
      let error = errno {
        try machine.files.pointee.addSeals(one, to: file) {
          machine.context.pointee.isMappedForWriting(inode)
        }
      }
      #expect(error == (set.contains(.seal) ? .EPERM : nil))
      if error == nil { set.formUnion(one) }
    }
    #expect(try machine.files.pointee.seals(of: file) == set)

    let mayShrink = !set.contains(.shrink)
    #expect(setSize(machine, inode, 3) == (mayShrink ? nil : .EPERM))
    #expect(setSize(machine, inode, 4) == (set.contains(.grow) && mayShrink ? .EPERM : nil))
    #expect(setSize(machine, inode, 5) == (set.contains(.grow) ? .EPERM : nil))
    let isOpen = set.isDisjoint(with: .anyWrite)
    #expect(
      errno { try machine.files.pointee.checkSeals(of: inode, writingUpTo: 1) }
        == (isOpen ? nil : .EPERM))

    for protection: Protection in [.read, [.read, .write]] {
      for isShared in [false, true] {
        var request = MappingRequest(
          address: VirtualAddress(0), length: ByteCount(page), protection: protection,
          flags: isShared ? .shared : .private)
        request.file = file
        var at = VirtualAddress(0)
        let error = errno { at = try space.pointee.map(request) }
        let isRefused = isShared && protection.contains(.write) && !isOpen
        #expect(error == (isRefused ? .EPERM : nil), "\(set) \(protection) shared \(isShared)")
        guard error == nil else { continue }
        // A view that may only be read cannot be opened later.
        let opened = errno { try space.pointee.protect(at, ByteCount(page), [.read, .write]) }
        #expect(opened == (isShared && !isOpen ? .EACCES : nil), "\(set)")
        #expect(
          machine.context.pointee.isMappedForWriting(inode) == (isShared && isOpen), "\(set)")
        try space.pointee.unmap(at, ByteCount(page))
      }
    }
    machine.activate(nil)
    AddressSpace.release(space)
    machine.files.pointee.release(file)
  }

  /// A seal against writing is refused while somebody could write through a mapping, also one that
  /// may only become writable, and in another process.
  @Test(arguments: Configuration.all)
  func mappedFilesAreNotSealed(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let file = try machine.files.pointee.makeAnonymousFile(ByteCount(4 * machine.page), seals: [])
    let inode = file.pointee.inode
    func seal(_ seals: FileSeals) -> Errno? {
      errno {
        try machine.files.pointee.addSeals(seals, to: file) {
          machine.context.pointee.isMappedForWriting(inode)
        }
      }
    }
    let space = try machine.makeSpace()
    var request = MappingRequest(
      address: VirtualAddress(0), length: ByteCount(machine.page), protection: .read,
      flags: .shared)
    request.file = file
    let at = try space.pointee.map(request)
    #expect(seal(.write) == .EBUSY && seal([.write, .grow]) == .EBUSY)
    #expect(try machine.files.pointee.seals(of: file) == [])
    let child = try #require(copy(of: space))
    try space.pointee.unmap(at, ByteCount(machine.page))
    #expect(seal(.write) == .EBUSY)
    // What is there may go on; what comes may not.
    #expect(seal(.futureWrite) == nil)
    machine.activate(child)
    try child.pointee.protect(at, ByteCount(machine.page), [.read, .write])
    #expect(child.pointee.store(5, at: at.rawValue) == .value(5))
    try child.pointee.unmap(at, ByteCount(machine.page))
    #expect(seal(.write) == nil && seal(.seal) == nil && seal([]) == .EPERM)
    machine.activate(nil)
    AddressSpace.release(space)
    AddressSpace.release(child)
    machine.files.pointee.release(file)
  }

  private func copy(of space: Space) -> Space? { space.pointee.copy() }

  private func setSize(
    _ machine: TestMachine, _ inode: KernelPointer<Inode>, _ pages: UInt64
  ) -> Errno? {
    errno {
      try machine.files.pointee.checkSeals(of: inode, newSize: pages * machine.page)
      try machine.files.pointee.setSize(of: inode, to: pages * machine.page)
    }
  }
}
