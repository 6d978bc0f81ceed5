import Foundation
import ProbeComparison

/// The built tool, driven as a person would.
enum Kilburn {
  static let checkout = Checkout.folder

  static var tool: String { Checkout.tool }

  struct Result: Equatable {
    var status: Int32
    var output: String
    var errors: String
  }

  static func run(_ arguments: [String], input: URL? = nil) throws -> Result {
    try execute(tool, arguments, input: input)
  }

  /// Runs a process to its end.
  static func execute(
    _ program: String, _ arguments: [String], input: URL? = nil,
    environment: [String: String]? = nil
  ) throws -> Result {
    let result = try ProbeComparison.execute(
      program, arguments, input: input, environment: environment)
    return Result(status: result.status, output: result.output, errors: result.errors)
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
