import BoardFormat
import Foundation
import MemoryTypes
import Testing

@testable import Machine

@Suite struct DeviceTreeTests {
  @Test func theKernelsReaderFindsTheBanksThatWereWritten() throws {
    let banks = [
      MemoryBank(start: PhysicalAddress(0x4000_0000), length: .mebibytes(512)),
      MemoryBank(start: PhysicalAddress(0x1_0000_0000), length: .gibibytes(3)),
    ]
    let reserved = [MemoryBank(start: PhysicalAddress(0x5000_0000), length: .mebibytes(4))]
    let bytes = DeviceTreeWriter.memory(banks, reserved: reserved)
    unsafe bytes.withUnsafeBytes { block in
      guard let tree = unsafe DeviceTree(block) else {
        Issue.record("no tree")
        return
      }
      var found: [MemoryBank] = []
      tree.forEachBank {
        found.append(MemoryBank(start: PhysicalAddress($0.start), length: ByteCount($0.length)))
      }
      #expect(found == banks)
      var holes: [UInt64] = []
      tree.forEachReservation { range, unmapped in
        if unmapped { holes += [range.start, range.length] }
      }
      #expect(holes == [0x5000_0000, 4 << 20])
    }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/dtc")))
  func theDeviceTreeCompilerReadsIt() throws {
    let bytes = DeviceTreeWriter.memory([
      MemoryBank(start: MemoryBank.ramBase, length: .gibibytes(1))
    ])
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).dtb")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/dtc")
    process.arguments = ["-q", "-I", "dtb", "-O", "dts", file.path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(text.contains("reg = <0x00 0x40000000 0x00 0x40000000>"))
  }
}

@Suite struct BoardLayoutTests {
  private func layout(_ ram: String, archive: UInt64 = 1 << 20) throws -> (
    BoardLayout, [MemoryBank]
  ) {
    let banks = try [MemoryBank](parsing: ram)
    return (
      BoardLayout(
        behind: banks, deviceTree: 300, program: 70_000, standardInput: 0, archive: archive), banks
    )
  }

  @Test(
    arguments: [
      "32M", "127M", "128M", "129M", "130M", "512M", "64G", "64M@0x40000000,64M@0x90000000",
    ], [1, 1 << 20, 700 << 20] as [UInt64])
  func nothingOverlaps(ram: String, archive: UInt64) throws {
    let (layout, banks) = try layout(ram, archive: archive)
    let areas = [
      layout.header, layout.statistics, layout.output, layout.deviceTree, layout.program,
      layout.standardInput,
      layout.archive,
    ]
    var end = banks.map(\.end.rawValue).max() ?? 0
    end = max(end, BoardLayout.emulatorTree.end.rawValue)
    for area in areas {
      #expect(area.start % 65536 == 0)
      #expect(area.start >= end)
      end = area.start + area.length
    }
    #expect(MemoryBank.ramBase + layout.ram == PhysicalAddress(layout.header.start))
    #expect((layout.ram + layout.size).rawValue >= end - MemoryBank.ramBase.rawValue)
    // Otherwise QEMU's own tree would lie elsewhere.
    #expect(layout.ram + layout.size >= .mebibytes(256))
    #expect(layout.size.rawValue % (2 << 20) == 0 && layout.ram.rawValue % (2 << 20) == 0)
  }
}

@Suite struct BoardFileTests {
  @Test func theKernelFindsWhatItIsTold() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(
      at: folder.appending(path: "lib/deep"), withIntermediateDirectories: true)
    try Data("hello".utf8).write(to: folder.appending(path: "lib/deep/file"))
    try Data().write(to: folder.appending(path: "lib-empty"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "link").path, withDestinationPath: "lib/deep/../deep/file")

    var tree = GuestTree()
    try tree.add(host: folder.path, at: "/", store: .disk)
    try tree.add(host: folder.appending(path: "lib").path, at: "/mnt/x", store: .disk)
    let writer = ArchiveWriter(tree)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(writer.length), alignment: 16)
    defer { unsafe bytes.deallocate() }
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
    try unsafe writer.write(to: bytes)

    let header = unsafe bytes.loadUnaligned(as: ArchiveHeader.self)
    #expect(header.magic == ArchiveHeader.magic)
    var found: [String: (ArchiveEntry, String)] = [:]
    var order: [String] = []
    for index in 0..<Int(header.count) {
      let place = Int(header.entries) + index * MemoryLayout<ArchiveEntry>.stride
      let entry = unsafe bytes.loadUnaligned(fromByteOffset: place, as: ArchiveEntry.self)
      func text(_ start: UInt64, _ length: UInt64) -> String {
        unsafe String(decoding: bytes[Int(start)..<Int(start + length)], as: UTF8.self)
      }
      let name = text(header.names + UInt64(entry.name), UInt64(entry.nameLength))
      let isFolder = entry.mode & 0o170000 == 0o040000
      found[name] = (entry, isFolder ? "" : text(entry.data, entry.size))
      order.append(name)
      if entry.mode & 0o170000 == 0o100000, entry.size > 0 { #expect(entry.data % 65536 == 0) }
    }
    #expect(
      order == [
        "/", "/bin", "/dev", "/lib", "/lib-empty", "/lib/deep", "/lib/deep/file", "/link", "/mnt",
        "/mnt/x", "/mnt/x/deep", "/mnt/x/deep/file", "/proc", "/run", "/sys", "/tmp",
      ])
    #expect(found["/lib/deep/file"]?.1 == "hello")
    #expect(found["/mnt/x/deep/file"]?.1 == "hello")
    #expect(found["/lib-empty"]?.0.size == 0)
    #expect(found["/link"]?.1 == "lib/deep/../deep/file")
    #expect(found["/link"]?.0.mode == 0o120777)
    #expect(found["/tmp"]?.0.mode == 0o041777)
    #expect(found["/lib/deep/file"]?.0.store == .disk)
    #expect(found["/bin"]?.0.store == .memory)
    #expect(tree.resolve("/link")?.path == "/lib/deep/file")
    #expect(tree.resolve("/link/../nope") == nil)
  }

  @Test func linksThatGoRoundAreNotFollowedForEver() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (link, target) in [("a", "b"), ("b", "a"), ("up", "/..")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.appending(path: link).path, withDestinationPath: target)
    }
    var tree = GuestTree()
    try tree.add(host: folder.path, at: "/", store: .disk)
    #expect(tree.resolve("/a") == nil)
    #expect(tree.resolve("/up")?.path == "/")
  }

  @Test(arguments: [("/a/./b//c", "/a/b/c"), ("a/../../b", "/b"), ("/", "/"), ("/..", "/")])
  func pathsAreNormalized(path: String, normal: String) {
    #expect(GuestPath.normalized(path) == normal)
  }
}
