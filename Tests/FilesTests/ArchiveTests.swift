import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

@Suite struct ArchiveTests {
  static func sample() -> ArchiveBuilder {
    var archive = ArchiveBuilder()
    archive.folder("/")
    archive.folder("/bin")
    archive.file("/bin/busybox", Array("program".utf8))
    archive.link("/bin/sh", "busybox")
    archive.folder("/data")
    archive.file("/data/big", (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }, .disk)
    archive.link("/data/up", "../bin/../data")
    return archive
  }

  @Test func filesAreThere() throws {
    let machine = try TestMachine(archive: Self.sample().build())
    defer { machine.end() }
    let files = machine.files
    files.pointee.checkInvariants()
    let program = try files.pointee.open("/bin/sh")
    check(try files.pointee.readAll(program, at: 0, 100) == Array("program".utf8))
    check(program.pointee.dentry.name.text == "busybox")
    check(program.pointee.inode.pointee.isSharedMemory)
    files.pointee.release(program)
    check(machine.frames.pointee.statistic(.nr_shmem) == 1)
    let big = try files.pointee.open("/data/up/up/big")
    check(machine.frames.pointee.statistic(.pgpgin) == 0)
    let bytes = try files.pointee.readAll(big, at: 1000, 5000)
    #expect(bytes == (1000..<6000).map { UInt8(truncatingIfNeeded: $0 / 7) })
    check(machine.frames.pointee.statistic(.pgpgin) > 0)
    check(try files.pointee.readAll(big, at: 199_999, 5000).count == 1)
    let second = try files.pointee.page(of: big.pointee.inode, at: 1)
    #expect(!second.wasReadIn)
    check(errno { _ = try files.pointee.page(of: big.pointee.inode, at: 49) } == .EINVAL)
    files.pointee.release(big)
    check(Set(try files.pointee.names("/")).isSuperset(of: ["bin", "data", "proc", "tmp"]))
    files.pointee.checkInvariants()
  }

  /// A fault brings 128K around it, a reader in order 128K ahead; nothing is read twice.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func neighboursAreReadToo(_ pageSize: PageSize) throws {
    var archive = ArchiveBuilder()
    let data = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
    archive.file("/big", data, .disk)
    let machine = try TestMachine(pageSize, archive: archive.build())
    defer { machine.end() }
    let files = machine.files
    let file = try files.pointee.open("/big")
    let inode = file.pointee.inode
    let window = (128 << 10) >> pageSize.shift
    let index = UInt64(1_000_000) >> pageSize.shift
    check(try files.pointee.page(of: inode, at: index).wasReadIn)
    var cached: [UInt64] = []
    files.pointee.forEachCachedPage(of: inode, in: 0..<1 << 20) { index, _ in cached.append(index) }
    check(cached.count == window && cached.contains(index))
    check(try !files.pointee.page(of: inode, at: index).wasReadIn)
    if window > 2 { check(try !files.pointee.page(of: inode, at: index + 1).wasReadIn) }
    var reads = 0
    var place: UInt64 = 0
    while place < 2_000_000 {
      let before = inode.pointee.pages.count
      let piece = try files.pointee.readAll(file, at: place, 5000)
      check(piece == Array(data[Int(place)..<min(Int(place) + 5000, data.count)]))
      if inode.pointee.pages.count > before { reads += 1 }
      place += 5000
    }
    check(reads <= 2_000_000 / (128 << 10) + 2)
    check(machine.frames.pointee.statistic(.pgpgin) == (2_000_000 + 511) / 512)
    files.pointee.release(file)
    files.pointee.checkInvariants()
  }

  @Test func noArchiveIsNoFiles() throws {
    let machine = try TestMachine()
    check(try machine.files.pointee.names("/tmp") == [".", ".."])
    machine.end()
  }

  /// Each is an archive with one thing wrong.
  static let hostile: [(String, [UInt8])] = {
    let good = sample()
    func with(_ change: (inout ArchiveBuilder) -> Void) -> [UInt8] {
      var copy = good
      change(&copy)
      return copy.build()
    }
    return [
      ("too short for a header", Array(good.build()[0..<20])),
      ("another magic", good.build { $1.magic ^= 1 }),
      ("more entries than bytes", good.build { $1.count = 1 << 40 }),
      ("count times size wraps", good.build { $1.count = .max }),
      ("entries outside", good.build { $1.entries = .max - 8 }),
      ("names outside", good.build { $1.names = .max - 2 }),
      ("name outside", good.build { entries, _ in entries[2].name = .max }),
      ("name too long", good.build { entries, _ in entries[2].nameLength = 100_000_000 }),
      ("data outside", good.build { entries, _ in entries[2].data = 1 << 50 }),
      ("data wraps", good.build { entries, _ in entries[2].data = .max - 3 }),
      ("size outside", good.build { entries, _ in entries[5].size = 1 << 40 }),
      ("size negative", good.build { entries, _ in entries[5].size = .max }),
      ("no such type", good.build { entries, _ in entries[2].mode = 0o030000 }),
      ("a device", good.build { entries, _ in entries[2].mode = 0o020600 }),
      ("root no folder", good.build { entries, _ in entries[0].mode = 0o100644 }),
      ("empty link", good.build { entries, _ in entries[3].size = 0 }),
      ("long link", with { $0.link("/l", String(repeating: "x", count: 4096)) }),
      ("folder missing", with { $0.file("/no/file", []) }),
      ("in a file", with { $0.file("/bin/busybox/x", []) }),
      ("in a link", with { $0.file("/data/up/x", []) }),
      ("twice", with { $0.file("/bin/busybox", []) }),
      ("relative", with { $0.file("x", []) }),
      ("dot", with { $0.file("/bin/.", []) }),
      ("dot dot", with { $0.file("/bin/..", []) }),
      ("through dot dot", with { $0.file("/bin/../x", []) }),
      ("empty name", with { $0.file("/bin/", []) }),
      ("zero in a name", with { $0.file("/bin/a\0b", []) }),
      ("overlong name", with { $0.file("/" + String(repeating: "x", count: 256), []) }),
      ("no name", with { $0.file("", []) }),
    ]
  }()

  @Test(arguments: hostile.indices) func isRefused(_ index: Int) {
    let (what, bytes) = Self.hostile[index]
    check(errno { _ = try TestMachine(archive: bytes) } == .EINVAL, "\(what)")
  }

  @Test func aFileTooBigForRAMIsRefused() {
    var archive = ArchiveBuilder()
    archive.file("/big", [UInt8](repeating: 1, count: 40 << 20))
    check(errno { _ = try TestMachine(archive: archive.build()) } == .ENOSPC)
  }

  @Test func anyCorruptionIsHarmless() throws {
    let seed: UInt64 = 20_261_123
    var random = Random(seed: seed)
    let good = Self.sample().build()
    for round in 0..<300 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // Where headers, entries and names are.
        let place = Int.random(in: 0..<500, using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      }
      let machine: TestMachine
      do throws(Errno) {
        machine = try TestMachine(ram: .mebibytes(32), archive: bytes)
      } catch { continue }
      machine.files.pointee.checkInvariants()
      if let file = try? machine.files.pointee.open("/data/big") {
        #expect(throws: Never.self, "seed \(seed) round \(round)") {
          _ = try machine.files.pointee.readAll(file, at: 0, 1 << 20)
        }
      }
      machine.end()
    }
  }
}
