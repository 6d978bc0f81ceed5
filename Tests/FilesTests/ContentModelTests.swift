import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

@Suite struct ContentModelTests {
  /// Random reads, writes and cuts of one file, beside an array of bytes.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB], [false, true])
  func agreesWithAnArray(_ pageSize: PageSize, _ onDisk: Bool) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var random = Random(seed: seed)
      var model: [UInt8] = onDisk ? (0..<300_001).map { UInt8(truncatingIfNeeded: $0 &* 31) } : []
      var archive = ArchiveBuilder()
      archive.file("/file", model, onDisk ? .disk : .memory, mode: 0o100644)
      let machine = try TestMachine(pageSize, archive: archive.build())
      let files = machine.files
      let file = try files.pointee.open("/file", .readWrite)
      for step in 0..<400 {
        let note: Comment = "seed \(seed) step \(step)"
        let position = Int.random(in: 0..<400_000, using: &random)
        let count =
          Int.random(in: 0..<70_000, using: &random) >> Int.random(in: 0..<16, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
          let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
          check(try files.pointee.writeAll(file, at: UInt64(position), bytes) == count, note)
          if count > 0 {
            if model.count < position + count {
              model += [UInt8](repeating: 0, count: position + count - model.count)
            }
            model.replaceSubrange(position..<position + count, with: bytes)
          }
        case 4..<8:
          let start = min(position, model.count)
          let expected = Array(model[start..<min(start + count, model.count)])
          check(
            try files.pointee.readAll(file, at: UInt64(position), count)
              == (position > model.count ? [] : expected), note)
        case 8:
          try files.pointee.setSize(of: file.pointee.inode, to: UInt64(position))
          model =
            position <= model.count
            ? Array(model[0..<position])
            : model + [UInt8](repeating: 0, count: position - model.count)
        default:
          let index = UInt64(position) >> pageSize.shift
          if index < files.pointee.pageCount(of: file.pointee.inode) {
            _ = try files.pointee.page(of: file.pointee.inode, at: index)
          }
        }
        check(file.pointee.inode.pointee.size == UInt64(model.count), note)
        files.pointee.checkInvariants()
      }
      check(try files.pointee.readAll(file, at: 0, 1 << 20) == model, "seed \(seed)")
      // All that the file had comes back.
      try files.pointee.unlink(path("/file"), from: machine.root)
      check(try files.pointee.readAll(file, at: 0, 1 << 20) == model, "seed \(seed)")
      let before = machine.frames.pointee.unused
      let pages = file.pointee.inode.pointee.pages.count
      files.pointee.release(file)
      check(machine.frames.pointee.unused.rawValue >= before.rawValue + pages)
      check(machine.frames.pointee.statistic(.nr_file_pages) == 0)
      check(machine.frames.pointee.statistic(.nr_shmem) == 0)
      machine.frames.pointee.checkInvariants()
      machine.slab.pointee.checkInvariants()
      machine.end()
    }
  }

  @Test func aSinkThatTakesLessEndsTheRead() throws {
    let machine = try TestMachine()
    defer { machine.end() }
    let files = machine.files
    let file = try files.pointee.open("/tmp/f", [.readWrite, .create])
    try files.pointee.writeAll(file, at: 0, [UInt8](repeating: 7, count: 10_000))
    var offered = 0
    let done = try files.pointee.read(file, ByteCount(10_000)) { piece in
      offered += 1
      return offered == 2 ? 100 : piece.count
    }
    check(done == 4196 && file.pointee.position == 4196)
    check(errno { _ = try files.pointee.read(file, ByteCount(10)) { _ in 0 } } == .EFAULT)
    // A source that gives nothing leaves no page behind.
    check(
      errno { _ = try files.pointee.write(file, at: 1 << 20, ByteCount(10)) { _ in 0 } } == .EFAULT)
    check(file.pointee.inode.pointee.size == 10_000)
    files.pointee.checkInvariants()
  }
}
