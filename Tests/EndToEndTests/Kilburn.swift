import Foundation

/// The built tool, driven as a person would.
enum Kilburn {
  static let checkout = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static var tool: String {
    ProcessInfo.processInfo.environment["KILBURN"]
      ?? checkout.appending(path: ".build/release/kilburn").path
  }

  struct Result: Equatable {
    var status: Int32
    var output: String
    var errors: String
  }

  static func run(_ arguments: [String], input: URL? = nil) throws -> Result {
    try execute(tool, arguments, input: input)
  }

  /// Runs a process to its end; a signal gives 128 and its number, as a shell says it.
  static func execute(
    _ program: String, _ arguments: [String], input: URL? = nil,
    environment: [String: String]? = nil
  ) throws -> Result {
    let errors = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).err")
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errors) }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    if let environment { process.environment = environment }
    process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? .nullDevice
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let signalled = process.terminationReason == .uncaughtSignal
    return Result(
      status: process.terminationStatus + (signalled ? 128 : 0),
      output: String(decoding: data, as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}

/// A page size with its VA bits, as the options say it.
struct Pages: CustomStringConvertible, Sendable {
  var size: String
  var bits: String

  var options: [String] { ["--page-size", size, "--va-bits", bits] }
  var description: String { "\(size)/\(bits)" }

  static let all = [
    Pages(size: "4K", bits: "39"), Pages(size: "4K", bits: "48"), Pages(size: "16K", bits: "47"),
    Pages(size: "64K", bits: "42"),
  ]
}
