import Foundation

/// A C program of this folder, compiled for this host, that runs until it is released.
final class HostProgram {
  let pid: Int32
  /// What it printed before it said that it is ready.
  let printed: String
  private let process = Process()
  private let input = Pipe()
  private let errors = Pipe()

  /// Compiles and starts it, and waits for its "ready".
  init(_ name: String, _ arguments: [String] = [], flags: [String] = []) throws {
    let program = try Self.build(name, flags)
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = input
    process.standardError = errors
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    pid = process.processIdentifier
    var text = ""
    while !text.hasSuffix("ready\n") {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw Failure.ended(text) }
      text += String(decoding: data, as: UTF8.self)
    }
    printed = String(text.dropLast("ready\n".count))
  }

  deinit { if process.isRunning { kill(pid, SIGKILL) } }

  /// Lets it go on to its end, and returns what it said on standard error.
  func release() throws -> String {
    try input.fileHandleForWriting.write(contentsOf: Data([10]))
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func end() {
    kill(pid, SIGKILL)
    process.waitUntilExit()
  }

  enum Failure: Error {
    case compiler(String)
    case ended(String)
  }

  /// Compiles a program into a folder of this run.
  private static func build(_ name: String, _ flags: [String]) throws -> String {
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Programs/\(name).c").path
    let path = NSTemporaryDirectory() + "kilburn-heap-\(UUID().uuidString)"
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/cc")
    compiler.arguments = ["-O1", "-w", "-pthread", "-o", path, source] + flags
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else { throw Failure.compiler(name) }
    return path
  }
}
