import AddressSpaces
import Arm64
import BoardFormat
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import Swap
import TestSupport

@testable import Files

/// A machine with one file on a disk, whose every page begins with its number.
struct ReclaimMachine {
  let machine: HostMemory
  /// Where RAM ends that the machine has frames of.
  let swapStart: PhysicalAddress
  let file: KernelPointer<OpenFile>

  init(
    _ size: PageSize, ram: ByteCount, pages: Int, blocks: Int = 0, notesAccesses: Bool = false
  ) throws {
    // Behind RAM there is room for swap.
    let span = ByteCount(ram.rawValue * 4)
    swapStart = HostBoard.ramBase + ram
    machine = try HostMemory(
      HostMachine(
        size, [(0, span.rawValue)], reserved: [(ram.rawValue, span.rawValue - ram.rawValue)],
        hasHardwareAccessAndDirty: notesAccesses),
      archive: Self.archive(size, pages, blocks))
    let path = unsafe ByteString(keptBytes(Array("/f".utf8)))
    let files = machine.files
    file = try files.pointee.open(path, from: files.pointee.root, .readWrite)
  }

  /// A small machine with swap for more than all its frames: how many pages are too many for it, and
  /// how many its file has.
  static func withSwap(
    _ size: PageSize, notesAccesses: Bool = false
  ) throws -> (ReclaimMachine, pages: Int, filePages: Int) {
    let ram = size == .fourKiB ? ByteCount.mebibytes(16) : .mebibytes(128)
    let all = Int(ram.wholePages(of: size).rawValue)
    let filePages = all / 4
    let machine = try ReclaimMachine(
      size, ram: ram, pages: filePages, notesAccesses: notesAccesses)
    let pages = all * 3 / 2
    try machine.addSwap(pages: UInt64(pages + all))
    return (machine, pages, filePages)
  }

  var board: HostBoard { machine.board }
  var frames: KernelPointer<FrameAllocator<HostBoard>> { machine.frames }
  var files: KernelPointer<FileSystem<HostBoard>> { machine.files }
  var memory: KernelPointer<MemoryContext<HostBoard>> { machine.context }
  var inode: KernelPointer<Inode> { file.pointee.inode }
  var reclaimer: Reclaimer<HostBoard> { Reclaimer(memory) }

  func end() { machine.end() }

  /// Makes room as `KernelState` would where little is free.
  func keepRoom(_ random: inout Random) {
    guard frames.pointee.free < PageCount(256) else { return }
    if random.below(2) == 0 {
      _ = reclaimer.balance(0, upTo: .movable)
    } else {
      var scan = ScanControl(.highUserMovable, highest: .movable)
      scan.wanted = 1 + random.below(64)
      _ = reclaimer.free(&scan)
    }
  }

  /// Turns on a swap area whose bytes are no frames of the machine.
  func addSwap(pages: UInt64) throws(Errno) {
    let size = board.pageSize.bytes.rawValue
    let start = swapStart
    board.store(UInt32(1), at: start + ByteCount(1024))
    board.store(UInt32(pages - 1), at: start + ByteCount(1028))
    for (index, byte) in "SWAPSPACE2".utf8.enumerated() {
      board.store(byte, at: start + ByteCount(size - 10 + UInt64(index)))
    }
    let device = SwapDevice<HostBoard>(
      boardFile: start, PageCount(pages), minor: 0, isSolidState: true, isSynchronous: false)
    try memory.pointee.swap.pointee.turnOn(device, name: "/dev/vda", identity: 1)
  }

  /// What stands first in a page of the file.
  func word(_ index: UInt64) throws -> UInt64 {
    let page = try files.pointee.page(of: inode, at: index)
    return board.load(at: frames.pointee.address(of: page.frame))
  }

  func write(_ word: UInt64, _ index: UInt64) throws {
    let position = index << board.pageSize.shift
    var word = word
    _ = try files.pointee.write(file, at: position, ByteCount(8)) { room in
      unsafe withUnsafeBytes(of: &word) { unsafe room.bytes.copyMemory(from: $0) }
      return 8
    }
  }

  private static func archive(_ size: PageSize, _ pages: Int, _ blocks: Int) -> [UInt8] {
    let length = pages << Int(size.shift)
    let place = 1 << 16
    // A word and a page for each block, on a boundary of their own.
    let disk = (place + length + 0xffff) & ~0xffff
    let room = blocks == 0 ? 0 : (blocks + blocks / 64 + 2) << Int(size.shift)
    var bytes = [UInt8](repeating: 0, count: disk + room)
    var header = ArchiveHeader()
    header.blocks = UInt64(disk)
    header.blocksLength = UInt64(room)
    header.count = 1
    header.entries = UInt64(MemoryLayout<ArchiveHeader>.stride)
    header.names = header.entries + UInt64(MemoryLayout<ArchiveEntry>.stride)
    var entry = ArchiveEntry()
    entry.nameLength = 2
    entry.mode = 0o100644
    entry.store = .disk
    entry.size = UInt64(length)
    entry.data = UInt64(place)
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe bytes.storeBytes(of: header, as: ArchiveHeader.self)
      unsafe bytes.storeBytes(
        of: entry, toByteOffset: Int(header.entries), as: ArchiveEntry.self)
      unsafe bytes[Int(header.names)] = 0x2f
      unsafe bytes[Int(header.names) + 1] = 0x66
      for page in 0..<pages {
        unsafe bytes.storeBytes(
          of: UInt64(page), toByteOffset: place + page << Int(size.shift), as: UInt64.self)
      }
    }
    return bytes
  }
}
