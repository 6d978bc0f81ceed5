public import Foundation

/// What a process left behind.
public struct CommandResult: Equatable, Sendable {
  /// Its exit status; 128 and the signal's number if a signal ended it, as a shell says it.
  public var status: Int32
  public var output: String
  public var errors: String
}

/// Runs a process of this host to its end.
public func execute(
  _ program: String, _ arguments: [String], input: URL? = nil,
  environment: [String: String]? = nil
) throws -> CommandResult {
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
  return CommandResult(
    status: process.terminationStatus + (signalled ? 128 : 0),
    output: String(decoding: data, as: UTF8.self),
    errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
}

/// What keeps a probe from being built or run at all.
public struct ProbeError: Error, CustomStringConvertible {
  public var description: String
}
