import AddressSpaces
import Arm64
import BoardFormat
import HostBoard
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport

@testable import Files

/// A machine with one file on a disk, whose every page begins with its number.
struct ReclaimMachine {
  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let files: KernelPointer<FileSystem<HostBoard>>
  let memory: KernelPointer<MemoryContext<HostBoard>>
  let file: KernelPointer<OpenFile>

  init(_ size: PageSize, ram: ByteCount, pages: Int) throws {
    let machine = HostMachine(size, ram: ram)
    board = machine.board
    frames = machine.frames
    let slab = machine.makeHeap()
    files = try FileSystem.start(
      board: board, frames: frames, slab: slab,
      sources: unsafe FileSystemSources(
        archive: keptBytes(Self.archive(size, pages)),
        standardInput: UnsafeRawBufferPointer(start: nil, count: 0), isInteractive: false,
        realtimeSeconds: 0))
    let task = kept(TaskMemory<HostBoard>(space: nil, limits: kept(ResourceLimits())))
    guard
      let context = MemoryContext(
        board: board, frames: frames, slab: slab, files: files, statistics: kept(Statistics()),
        layout: KernelLayout(linux6_1: board.translation), current: task)
    else { fatalError("no memory context") }
    memory = kept(context)
    let path = unsafe ByteString(keptBytes(Array("/f".utf8)))
    file = try files.pointee.open(path, from: files.pointee.root, .readWrite)
  }

  var inode: KernelPointer<Inode> { file.pointee.inode }
  var reclaimer: Reclaimer<HostBoard> { Reclaimer(memory) }

  func end() { board.release() }

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

  private static func archive(_ size: PageSize, _ pages: Int) -> [UInt8] {
    let length = pages << Int(size.shift)
    let place = 1 << 16
    var bytes = [UInt8](repeating: 0, count: place + length)
    var header = ArchiveHeader()
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
