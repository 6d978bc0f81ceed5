import Foundation
import Glibc
import Testing

/// `kilburn inspect` of live processes of this host; the one whose pages are known is this test's.
@Suite(.serialized) struct InspectTests {
  private static let pageSize = UInt64(sysconf(Int32(_SC_PAGESIZE)))

  private func report(_ words: [String]) throws -> [String: Any] {
    let run = try Kilburn.run(["inspect"] + words + ["--json"])
    #expect(run.status == 0, "\(run.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  /// The bounds of resident memory by page size.
  private func resident(_ object: [String: Any]) throws -> [String: ClosedRange<UInt64>] {
    var found: [String: ClosedRange<UInt64>] = [:]
    for cost in try #require(object["cost"] as? [[String: Any]]) {
      let bounds = try #require(cost["resident"] as? [String: Int])
      let size = try #require(cost["pageSize"] as? String)
      found[size] = UInt64(try #require(bounds["low"]))...UInt64(try #require(bounds["high"]))
    }
    return found
  }

  private func area(_ report: [String: Any], at address: UInt64) throws -> [String: Any] {
    try #require(
      (report["areas"] as? [[String: Any]])?.first { area in
        func number(_ name: String) -> UInt64 {
          (area[name] as? String).flatMap { UInt64($0.dropFirst(2), radix: 16) } ?? 0
        }
        return number("start") <= address && address < number("end")
      })
  }

  /// Memory without huge pages of which some pages are touched; tells its address and these pages.
  private func withTouched(
    pages: Int, _ body: (UInt64, Set<UInt64>) throws -> Void
  ) throws {
    let size = pages * Int(Self.pageSize)
    let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let base = unsafe try #require(memory)
    defer { unsafe munmap(base, size) }
    unsafe madvise(base, size, MADV_NOHUGEPAGE)
    var touched: Set<UInt64> = []
    var state: UInt64 = 42
    for _ in 0..<pages / 12 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let page = Int(state >> 33) % pages
      unsafe (base + page * Int(Self.pageSize)).storeBytes(of: 1, as: UInt8.self)
      touched.insert((UInt64(UInt(bitPattern: base)) + UInt64(page) * Self.pageSize))
    }
    try body(UInt64(UInt(bitPattern: base)), touched)
  }

  @Test func touchedPagesGiveTheExactRssOnLargerPages() throws {
    try withTouched(pages: 16384) { base, touched in
      let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID())")
      defer { try? FileManager.default.removeItem(at: file) }
      let process = String(getpid())
      let live = try report([process, "--snapshot", file.path])
      let recorded = try report(["--snapshot", file.path])
      for report in [live, recorded] {
        #expect(report["pagesSeen"] as? Bool == true)
        let costs = try resident(try area(report, at: base))
        for (name, size) in [("4K", UInt64(4096)), ("16K", 16384), ("64K", 65536)]
        where size >= Self.pageSize {
          let expected = UInt64(Set(touched.map { $0 / size }).count) * size
          // Other areas may have merged with this one: what is theirs comes on top.
          let (start, end) = (base, base + 16384 * Self.pageSize)
          let whole = try area(report, at: base)
          if whole["start"] as? String == "0x" + String(start, radix: 16),
            whole["end"] as? String == "0x" + String(end, radix: 16)
          {
            #expect(costs[name] == expected...expected, "\(name)")
          } else {
            #expect(try #require(costs[name]).lowerBound >= expected, "\(name)")
          }
        }
      }
      #expect((live["areas"] as? [Any])?.count == (recorded["areas"] as? [Any])?.count)
      let text = try Kilburn.run(["inspect", "--snapshot", file.path])
      #expect(text.output.contains("What it would cost on pages of"), "\(text)")
    }
  }

  @Test func kernelThreadsZombiesAndTheDead() throws {
    if (try? String(contentsOfFile: "/proc/2/comm", encoding: .utf8)) == "kthreadd\n" {
      let run = try Kilburn.run(["inspect", "2"])
      #expect(run.status == 0 && run.output.contains("kernel thread"), "\(run)")
    }
    let absent = try Kilburn.run(["inspect", "2147483646"])
    #expect(absent.status == 1)
    #expect(absent.errors == "kilburn: there is no process 2147483646\n")

    // The shell's child ends, and what the shell became never asks how.
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", "true & echo $!; exec sleep 30"]
    let output = Pipe()
    shell.standardOutput = output
    try shell.run()
    defer { shell.terminate() }
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let child = try #require(UInt64(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    let status = "/proc/\(child)/status"
    for _ in 0..<2000
    where !((try? String(contentsOfFile: status, encoding: .utf8))?.contains("Z (") ?? false) {
      usleep(1000)
    }
    let zombie = try Kilburn.run(["inspect", "\(child)"])
    #expect(zombie.status == 0, "\(zombie)")
    #expect(zombie.output.contains("waits for process \(shell.processIdentifier)"), "\(zombie)")
  }

  /// Without the right to look, it says what it takes, and shows what everybody may see.
  @Test func anothersProcessSaysWhatItTakes() throws {
    let words: [String]
    if geteuid() == 0 {
      words = ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all", Kilburn.tool]
    } else {
      words = [Kilburn.tool]
    }
    let other = geteuid() == 0 ? getpid() : 1
    let run = try Kilburn.execute("/usr/bin/env", words + ["inspect", "\(other)"])
    // A tool in a folder that nobody else may enter does not start at all.
    guard !run.errors.contains("setpriv") else { return }
    #expect(run.status == 0, "\(run)")
    #expect(run.output.contains("CAP_SYS_PTRACE"), "\(run)")
    #expect(run.output.contains("Resident"), "\(run)")
  }

  /// Processes that end and change while they are looked at: a report, or one line of error.
  @Test func processesThatEndOrChangeMeanwhile() throws {
    for round in 0..<12 {
      let shell = Process()
      shell.executableURL = URL(filePath: "/bin/sh")
      shell.arguments = [
        "-c",
        round % 2 == 0
          ? "sleep 0.0\(round)" : "for i in 1 2 3 4 5 6 7 8 9; do x=$x$(echo $i); done",
      ]
      shell.standardOutput = FileHandle.nullDevice
      try shell.run()
      let run = try Kilburn.run(["inspect", "\(shell.processIdentifier)"])
      #expect(run.status == 0 || run.status == 1, "\(run)")
      #expect(run.errors.split(separator: "\n").count == (run.status == 0 ? 0 : 1), "\(run)")
      shell.terminate()
      shell.waitUntilExit()
    }
  }

  @Test(arguments: [
    ([], 64, "which process?"), (["x"], 64, "'x' is no process's number"),
    (["0"], 64, "is no process's number"), (["self", "--tlb", "0"], 64, "--tlb"),
    (["--snapshot", "/dev/null"], 1, "not a snapshot"), (["--snapshot", "/absent"], 1, "/absent"),
    (["self", "--snapshot", "/absent/x"], 1, "--snapshot /absent/x"),
  ]) func whatCannotBeIsOneLine(words: [String], status: Int, cause: String) throws {
    let run = try Kilburn.run(["inspect"] + words)
    #expect(run.status == Int32(status), "\(run)")
    #expect(run.errors.contains(cause), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }

  @Test func theTLBsReachIsAsAsked() throws {
    let report = try report(["self", "--tlb", "1000"])
    let costs = try #require(report["cost"] as? [[String: Any]])
    #expect(costs.map { $0["tlbReach"] as? Int } == [4_096_000, 16_384_000, 65_536_000])
  }
}
