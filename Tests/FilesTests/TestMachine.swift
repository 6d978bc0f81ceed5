import Arm64
import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

/// A machine of a test: RAM on the host board, with the frame allocator, the heap and files.
struct TestMachine {
  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let slab: KernelPointer<SlabAllocator<HostBoard>>
  let files: KernelPointer<FileSystem<HostBoard>>

  init(
    _ pageSize: PageSize = .fourKiB, ram: ByteCount = .mebibytes(64), archive: [UInt8] = [],
    input: [UInt8] = []
  ) throws(Errno) {
    let machine = HostMachine(pageSize, ram: ram)
    board = machine.board
    frames = machine.frames
    slab = machine.makeHeap()
    files = try FileSystem.start(
      board: board, frames: frames, slab: slab,
      sources: unsafe FileSystemSources(
        archive: keptBytes(archive), standardInput: keptBytes(input), isInteractive: false,
        realtimeSeconds: 1_704_067_200))
  }

  func end() { board.release() }

  var root: KernelPointer<Dentry> { files.pointee.root }
}

/// A path as the kernel sees it; its bytes stay for ever.
func path(_ text: String) -> ByteString { unsafe ByteString(keptBytes(Array(text.utf8))) }

extension ByteString {
  var text: String { String(decoding: (0..<count).map { self[$0] }, as: UTF8.self) }
}

/// `#expect` for conditions with objects in place, which the macro would copy.
func check(
  _ condition: Bool, _ note: Comment = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(condition, note, sourceLocation: sourceLocation)
}

extension FileSystem where B == HostBoard {
  func open(
    _ text: String, _ flags: OpenFlags = [], permissions: UInt32 = 0o644
  ) throws(Errno) -> KernelPointer<OpenFile> {
    try open(path(text), from: root, flags, permissions: permissions)
  }

  func readAll(_ file: KernelPointer<OpenFile>, at position: UInt64, _ count: Int) throws(Errno)
    -> [UInt8]
  {
    var result: [UInt8] = []
    _ = try read(file, at: position, ByteCount(UInt64(count))) { piece in
      for index in 0..<piece.count { result.append(piece[index]) }
      return piece.count
    }
    return result
  }

  @discardableResult
  func writeAll(
    _ file: KernelPointer<OpenFile>, at position: UInt64, _ bytes: [UInt8]
  ) throws(Errno) -> Int {
    var place = 0
    return try write(file, at: position, ByteCount(UInt64(bytes.count))) { room in
      for index in 0..<room.count { unsafe room.bytes[index] = bytes[place + index] }
      place += room.count
      return room.count
    }
  }

  /// The names in a folder, as getdents64 lists them.
  func names(_ text: String, room: UInt64 = 4096) throws(Errno) -> [String] {
    let file = try open(text, .directory)
    defer { release(file) }
    var result: [String] = []
    while true {
      let done = try list(file, ByteCount(room)) { record in
        let length = Int(record[16]) | Int(record[17]) << 8
        precondition(length == record.count)
        var end = 19
        while record[end] != 0 { end += 1 }
        result.append(record[19..<end].text)
        return record.count
      }
      if done == 0 { return result }
    }
  }
}
