import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

/// Mounts and access, on the host board.
@Suite struct MountTests {
  @Test func aMountHidesAndComesBack() throws {
    let machine = try TestMachine()
    defer { machine.end() }
    let files = machine.files
    try files.pointee.makeDirectory(path("/tmp/a"), from: machine.root, permissions: 0o755)
    files.pointee.release(try files.pointee.open("/tmp/a/under", [.create, .readWrite]))
    try files.pointee.mountMemory(
      on: path("/tmp/a"), from: machine.root, source: "none", options: "size=32k,mode=711", [])
    #expect(try files.pointee.names("/tmp/a") == [".", ".."])
    let file = try files.pointee.open("/tmp/a/over", [.create, .readWrite])
    #expect(
      errno { try files.pointee.writeAll(file, at: 32768, [1]) } == .ENOSPC
        || files.pointee.pageSize.bytes.rawValue < 32768)
    #expect(
      errno { try files.pointee.unmount(path("/tmp/a"), from: machine.root, follows: true) }
        == .EBUSY)
    files.pointee.release(file)
    files.pointee.checkInvariants()
    try files.pointee.unmount(path("/tmp/a"), from: machine.root, follows: true)
    #expect(try files.pointee.names("/tmp/a") == [".", "..", "under"])
    files.pointee.checkInvariants()
  }

  @Test func optionsAreReadAsLinuxReadsThem() throws {
    var options = MemoryMountOptions(half: 1000, .fourKiB)
    try options.parse("size=50%,nr_inodes=1k,mode=0700,uid=5,gid=6", all: 2000)
    #expect(options.pages == 1000 && options.inodes == 1024 && options.mode == 0o700)
    #expect(options.owner == 5 && options.group == 6)
    try options.parse("size=1m", all: 2000)
    #expect(options.pages == 256)
    for bad in ["size", "size=", "size=x", "what=1", "mode=8", "size=99999999999999g"] {
      #expect(errno { try options.parse(path(bad), all: 1) } == .EINVAL, "\(bad)")
    }
  }
}

/// Pipes beside an array of bytes.
@Suite struct PipeModelTests {
  @Test(arguments: [UInt64(1), 2, 3])
  func agreesWithAnArray(_ seed: UInt64) throws {
    let machine = try TestMachine()
    defer { machine.end() }
    let files = machine.files
    let free = machine.frames.pointee.unused
    var random = Random(seed: seed)
    let (reader, writer) = try files.pointee.makePipe([])
    var model: [UInt8] = []
    var next: UInt8 = 0
    for step in 0..<3000 {
      let note: Comment = "seed \(seed), step \(step)"
      let count = Int.random(in: 1...9000, using: &random)
      if Bool.random(using: &random) {
        var given = 0
        let result = Result {
          try files.pointee.write(writer, ByteCount(UInt64(count))) { room in
            for index in 0..<room.count {
              unsafe room.bytes[index] = next &+ UInt8(truncatingIfNeeded: given + index)
            }
            given += room.count
            return room.count
          }
        }
        if case .success(let done) = result {
          #expect(done == given, note)
          for index in 0..<done { model.append(next &+ UInt8(truncatingIfNeeded: index)) }
          next &+= UInt8(truncatingIfNeeded: done)
          // A page's worth is whole or nothing.
          #expect(count > 4096 || done == count, note)
        }
      } else {
        var taken: [UInt8] = []
        _ = try? files.pointee.read(reader, ByteCount(UInt64(count))) { piece in
          for index in 0..<piece.count { taken.append(piece[index]) }
          return piece.count
        }
        #expect(taken == Array(model.prefix(count)), note)
        model.removeFirst(taken.count)
      }
      #expect(files.pointee.bytesInPipe(reader) == UInt64(model.count), note)
    }
    files.pointee.release(reader)
    files.pointee.release(writer)
    machine.slab.pointee.shrink()
    machine.frames.pointee.drain()
    #expect(machine.frames.pointee.unused.rawValue + 16 >= free.rawValue)
  }
}
