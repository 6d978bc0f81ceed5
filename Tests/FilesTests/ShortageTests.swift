import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

@Suite struct ShortageTests {
  /// With only so many frames left every operation either works or ends with ENOMEM, leaves nothing
  /// behind, and all is well when there is memory again.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB])
  func nothingIsLostWhenFramesRunOut(_ pageSize: PageSize) throws {
    var archive = ArchiveBuilder()
    archive.folder("/data")
    archive.file("/data/big", [UInt8](repeating: 3, count: 900_000), .disk)
    let machine = try TestMachine(pageSize, ram: .mebibytes(32), archive: archive.build())
    defer { machine.end() }
    let files = machine.files
    let frames = machine.frames
    let long = String(repeating: "n", count: 200)
    func attempt(_ number: Int) throws {
      switch number {
      case 0: files.pointee.release(try files.pointee.open("/tmp/a", [.create, .readWrite]))
      case 1:
        let file = try files.pointee.open("/tmp/b", [.create, .readWrite])
        defer { files.pointee.release(file) }
        // Far apart, so that the tree grows too.
        try files.pointee.writeAll(file, at: 1 << 40, [UInt8](repeating: 1, count: 20_000))
        try files.pointee.writeAll(file, at: 5, [1, 2, 3])
      case 2:
        try files.pointee.makeDirectory(path("/tmp/d"), from: machine.root, permissions: 0o755)
        try files.pointee.makeDirectory(
          path("/tmp/d/" + long), from: machine.root, permissions: 0o755)
      case 3:
        try files.pointee.makeSymbolicLink(
          path("/tmp/l"), from: machine.root, to: path(String(repeating: "x", count: 3000)))
      case 4:
        let file = try files.pointee.open("/data/big")
        defer { files.pointee.release(file) }
        _ = try files.pointee.readAll(file, at: 0, 1 << 20)
      case 5:
        let table = try files.pointee.makeDescriptorTable()
        defer { files.pointee.release(table) }
        for _ in 0..<300 {
          _ = try files.pointee.install(
            files.pointee.open("/dev/null"), in: table, limit: 1024, closeOnExec: false)
        }
        files.pointee.release(try files.pointee.copy(table))
      case 6:
        try files.pointee.rename(
          path("/tmp/a"), from: machine.root, to: path("/tmp/" + long), from: machine.root)
      case 7: files.pointee.release(try files.pointee.makeAnonymousFile(ByteCount(1 << 30)))
      default:
        var writer = TextWriter<HostBoard>(files)
        for _ in 0..<30_000 { writer.text("0123456789") }
        let failed = writer.hasFailed
        writer.discard()
        if failed { throw Errno.ENOMEM }
      }
    }
    func clean() throws {
      for (text, folder) in [
        ("/tmp/a", false), ("/tmp/b", false), ("/tmp/l", false), ("/tmp/" + long, false),
        ("/tmp/d/" + long, true), ("/tmp/d", true),
      ] {
        _ = errno {
          if folder {
            try files.pointee.removeDirectory(path(text), from: machine.root)
          } else {
            try files.pointee.unlink(path(text), from: machine.root)
          }
        }
      }
      if let file = try? files.pointee.open("/data/big") {
        files.pointee.dropPages(from: 0, of: file.pointee.inode)
        files.pointee.release(file)
      }
    }
    // Once with memory, so that every cache has its slabs.
    for number in 0..<9 { try attempt(number) }
    try clean()
    frames.pointee.drain()
    var failures = 0
    for left in 0..<24 {
      var taken: [PageFrameNumber] = []
      while let frame = frames.pointee.allocate([.kernel, .memoryAllocator]) { taken.append(frame) }
      for _ in 0..<min(left, taken.count) { frames.pointee.free(taken.removeLast()) }
      for number in 0..<9 {
        let outcome = errno { try attempt(number) }
        let allowed: [Errno?] = [nil, .ENOMEM] + (number == 6 ? [.ENOENT] : [.EEXIST])
        check(allowed.contains(outcome), "\(left) frames, operation \(number)")
        if outcome == .ENOMEM { failures += 1 }
        files.pointee.checkInvariants()
      }
      for frame in taken { frames.pointee.free(frame) }
      try clean()
      check(try files.pointee.names("/tmp") == [".", ".."], "\(left) frames")
      check(frames.pointee.statistic(.nr_file_pages) == 0, "\(left) frames")
      machine.slab.pointee.checkInvariants()
      frames.pointee.checkInvariants()
    }
    check(failures > 20)
    for number in 0..<9 { try attempt(number) }
  }
}
