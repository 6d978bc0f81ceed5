import Foundation
import ProbeComparison
import Testing

/// `kilburn tables` and `walk` beside what kernels print of their tables and what QEMU translates.
@Suite(.serialized) struct PageTableTests {
  /// A finished machine's RAM holds the tables that its kernel printed before it ended, but for the
  /// stacks of the tasks that ended since.
  @Test(arguments: Pages.all) func keptRAMHoldsTheTables(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let ram = folder.appending(path: "ram").path
    let run = try Kilburn.run(
      ["run"] + pages.options + [
        "--keep-ram", ram, "--show", "kernel_page_tables", GuestPrograms.program("memory"),
      ])
    let tables = try Kilburn.run(["tables", "--dump", ram])
    #expect(tables.status == 0, "\(tables.errors)")
    #expect(tables.output.split(separator: "\n").count > 20)
    let printed = Self.mapped(run.errors)
    let kept = Self.mapped(tables.output)
    #expect(kept.count > 10)
    #expect(kept.subtracting(printed).isEmpty)
    let gone = printed.subtracting(kept)
    #expect(gone.count <= 3)
    let stack = pages.options.contains("64K") ? " 64K PTE " : " 16K PTE "
    #expect(gone.allSatisfy { $0.contains(stack) && $0.contains(" RW NX ") }, "\(gone)")
    for line in tables.output.split(separator: "\n") where line.hasPrefix("---") {
      #expect(run.errors.contains(line))
    }
    // A register is as good as what is found, and RAM itself needs its base said.
    let json = try Kilburn.run(
      ["tables", "--json", "--dump", ram, "--base", "0x40000000"] + pages.options)
    #expect(json.output.contains("\"format\": \"kilburn-tables\""))
  }

  /// The lines of a text of tables that say what is mapped.
  private static func mapped(_ text: String) -> Set<Substring> {
    Set(text.split(separator: "\n").filter { $0.hasPrefix("0x") && $0.contains(" AF ") })
  }

  /// Thousands of addresses of a machine that runs lead where QEMU says they lead.
  @Test(arguments: Pages.all) func walksAgreeWithTheEmulator(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (program, socket) = try Monitor.wrapper(in: folder)
    let ram = folder.appending(path: "ram").path
    let process = Process()
    process.executableURL = URL(filePath: Kilburn.tool)
    process.arguments =
      ["run", "-q"] + pages.options + [
        "--keep-ram", ram, "--timeout", "120", try GuestPrograms.program("reading"),
      ]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["KILBURN_QEMU": program], uniquingKeysWith: { $1 })
    process.standardInput = FileHandle.nullDevice
    try process.run()
    defer {
      process.terminate()
      process.waitUntilExit()
    }
    let monitor = try Monitor(socket)
    // The tables are there when the program reads.
    for _ in 0..<100 where try Kilburn.run(["tables", "--dump", ram]).status != 0 {
      usleep(100_000)
    }
    #expect(monitor.stopInKernel())
    try compare(monitor, ["--dump", ram], folder, seed: 1)
  }

  /// The machines of `boot-linux` that are at hand, with their pages.
  static let linux = [("16k47", "16K", "none"), ("4k48kasan", "4K", "generic")].filter {
    FileManager.default.fileExists(
      atPath: Checkout.recordings.appending(path: "images/\($0.0).gz").path)
  }

  /// A real Linux, dumped by QEMU while it stands: tables as it printed them, walks as QEMU's.
  @Test(arguments: linux)
  func tablesOfLinux(name: String, pageSize: String, kasan: String) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (program, socket) = try Monitor.wrapper(in: folder)
    let recordings = Checkout.recordings.path
    let symbols = folder.appending(path: "System.map").path
    let unpack = try Kilburn.execute(
      "/bin/sh", ["-c", "gzip -dc \(recordings)/\(name)/System.map.gz >\(symbols)"])
    #expect(unpack.status == 0)
    let process = Process()
    process.executableURL = URL(filePath: "\(recordings)/boot-linux")
    process.arguments = [
      "--kernel", "\(recordings)/images/\(name).gz", "--ram", "256M", "--no-icount",
      "@cat", "/sys/kernel/debug/kernel_page_tables", "--and", "@sleep", "100",
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["QEMU": program, "TMPDIR": folder.path], uniquingKeysWith: { $1 })
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer {
      process.terminate()
      process.waitUntilExit()
    }
    let monitor = try Monitor(socket)
    defer { _ = monitor("quit") }
    var recorded = ""
    for _ in 0..<600 where recorded.isEmpty {
      usleep(100_000)
      recorded = Self.firstProgram(in: folder)
    }
    #expect(monitor.stopInKernel())
    let core = folder.appending(path: "core").path
    let kdump = folder.appending(path: "kdump").path
    _ = monitor("dump-guest-memory \(core)")
    _ = monitor("dump-guest-memory -z \(kdump)")
    let options = ["--symbols", symbols, "--page-size", pageSize]
    for dump in [core, kdump] {
      let tables = try Kilburn.run(["tables", "--dump", dump, "--kasan", kasan] + options)
      #expect(tables.output == recorded, "\(tables.errors)")
    }
    try compare(monitor, ["--dump", kdump] + options, folder, seed: 2)
  }

  /// What the first program of boot-linux's machine wrote, when it has ended.
  static func firstProgram(in folder: URL) -> String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    guard let name = names.first(where: { $0.hasPrefix("boot-linux.") }),
      let data = try? Data(contentsOf: folder.appending(path: "\(name)/serial"))
    else { return "" }
    let text = String(decoding: data, as: UTF8.self)
    guard let begin = text.range(of: "\u{1}BOOTLINUX-BEGIN 1 0\u{1}\n"),
      let end = text.range(of: "\n\u{1}BOOTLINUX-END 1 0")
    else { return "" }
    return String(text[begin.upperBound..<end.lowerBound])
  }

  /// Holds `walk` against QEMU on addresses of every range, mapped or not.
  func compare(_ monitor: Monitor, _ options: [String], _ folder: URL, seed: UInt64) throws {
    let tables = try Kilburn.run(["tables"] + options)
    var random = SeededGenerator(seed: seed)
    var addresses: [UInt64] = []
    for line in tables.output.split(separator: "\n") where line.hasPrefix("0x") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "-" })
      guard let start = UInt64(words[0].dropFirst(2), radix: 16),
        let end = UInt64(words[1].dropFirst(2), radix: 16)
      else { continue }
      let last = end &- 1
      addresses += [start, last]
      for _ in 0..<40 { addresses.append(UInt64.random(in: start...last, using: &random)) }
    }
    #expect(addresses.count > 1000)
    let list = folder.appending(path: "addresses")
    try addresses.map { String($0, radix: 16) }.joined(separator: "\n")
      .write(to: list, atomically: false, encoding: .utf8)
    let walk = try Kilburn.run(["walk", "--brief"] + options + ["-"], input: list)
    let lines = walk.output.split(separator: "\n")
    try #require(lines.count == addresses.count, "\(walk.errors)")
    for (address, line) in zip(addresses, lines) {
      let found = UInt64(line.dropFirst(17), radix: 16)
      #expect(found == monitor.physical(address), "\(String(address, radix: 16)) seed \(seed)")
    }
  }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
