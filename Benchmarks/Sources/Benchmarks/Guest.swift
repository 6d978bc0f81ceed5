import ArgumentParser
import Foundation

/// Programs for the machine, and the machine itself.
enum Guest {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let checkout = folder.deletingLastPathComponent()

  /// The RAM that the recorded Linux had on each page size.
  static let ram = ["4K": "512M", "16K": "2G", "64K": "6G"]

  static func build(_ name: String) throws -> String {
    try compile(folder.appending(path: "Programs/\(name).c"), name)
  }

  static func compile(_ source: URL, _ name: String) throws -> String {
    let output = checkout.appending(path: ".build/benchmarks/\(name)")
    try FileManager.default.createDirectory(
      at: output.deletingLastPathComponent(), withIntermediateDirectories: true)
    let run = try Measured(
      "/usr/bin/env",
      ["aarch64-linux-gnu-gcc", "-O2", "-static", "-pthread", "-w", "-o", output.path, source.path])
    guard run.status == 0 else {
      throw ValidationError("\(source.path) does not compile: \(run.errors)")
    }
    return output.path
  }

  static func options(_ size: String) -> [String] {
    ["--page-size", size, "--ram", ram[size] ?? "512M", "--hw-afdbm", size == "4K" ? "on" : "off"]
  }

  static func kilburn(_ arguments: [String]) throws -> Measured {
    try Measured(checkout.appending(path: ".build/release/kilburn").path, arguments)
  }

  static func ticks(
    _ program: String, _ kind: String, _ count: Int, _ size: String, options words: [String] = [],
    _ others: [String] = []
  ) throws -> (operations: Int, ticks: Int) {
    let run = try kilburn(
      ["run", "--quiet"] + options(size) + words + ["--", program, kind, "\(count)"] + others)
    let words = run.output.split(whereSeparator: \.isWhitespace)
    guard run.status == 0, words.count == 3, let operations = Int(words[1]),
      let ticks = Int(words[2])
    else {
      throw ValidationError("\(kind) on \(size): status \(run.status) \(run.output)\(run.errors)")
    }
    return (operations, ticks)
  }
}

/// One process, run to its end, with the CPU time of it and its children.
struct Measured {
  var status: Int32 = 0
  var output = ""
  var errors = ""
  var processorSeconds = 0.0
  var wallSeconds = 0.0

  init(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    let output = Pipe()
    let errors = FileManager.default.temporaryDirectory.appending(
      path: "kilburn-benchmark-\(ProcessInfo.processInfo.processIdentifier).err")
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    let before = Self.childSeconds()
    let start = Date()
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    wallSeconds = Date().timeIntervalSince(start)
    processorSeconds = Self.childSeconds() - before
    status = process.terminationStatus
    self.output = String(decoding: data, as: UTF8.self)
    self.errors = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
  }

  /// User and system time of all children that ended.
  private static func childSeconds() -> Double {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }
}
