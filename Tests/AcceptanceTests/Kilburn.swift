import Foundation

/// The built tool, driven as a person would.
enum Kilburn {
  static let checkout = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  static func run(_ arguments: [String]) throws -> Result {
    let tool =
      ProcessInfo.processInfo.environment["KILBURN"]
      ?? checkout.appending(path: ".build/release/kilburn").path
    return try execute(tool, arguments)
  }

  static func execute(_ program: String, _ arguments: [String]) throws -> Result {
    let errors = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).err")
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errors) }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }
}
