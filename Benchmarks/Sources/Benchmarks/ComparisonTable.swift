import ArgumentParser
import Foundation

/// Our figures beside Linux's, a row an operation, printed as they come.
struct ComparisonTable {
  let linux: LinuxFigures
  let sizes: [String]
  let width: Int
  /// The rows that are above Linux's.
  private var slower: [String] = []

  /// Prints the head.
  init(_ linux: LinuxFigures, sizes: [String], width: Int) {
    self.linux = linux
    self.sizes = sizes
    self.width = width
    print("operation".padded(width), terminator: "")
    for size in sizes {
      print("\(size): linux".leading(12), "ours".leading(9), "ratio", terminator: "  ")
    }
    print()
  }

  mutating func row(_ kind: String, _ measure: (_ size: String) throws -> Double) throws {
    print(kind.padded(width), terminator: "")
    for size in sizes {
      let reference = linux.figure(kind, size)
      let ours = try measure(size)
      let ratio = ours / reference
      print(
        String(Int(reference)).leading(12), String(Int(ours)).leading(9),
        String(format: "%.2f", ratio).leading(5), terminator: "  ")
      if ratio > 1 { slower.append("\(kind) on \(size)") }
    }
    print()
  }

  /// Fails where a row is above Linux's.
  func finish() throws {
    guard slower.isEmpty else {
      print("above Linux: \(slower.joined(separator: ", "))")
      throw ExitCode(1)
    }
  }
}

/// What Linux 6.1 took, as recorded in a table of the folder `Linux`.
struct LinuxFigures {
  private(set) var kinds: [String] = []
  private var figures: [String: [String: Double]] = [:]

  init(_ table: String) throws {
    let text = try String(
      contentsOf: Guest.folder.appending(path: "Linux/\(table)"), encoding: .utf8)
    var sizes: [String] = []
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: "\t").map(String.init)
      if sizes.isEmpty {
        sizes = Array(words.dropFirst())
        continue
      }
      kinds.append(words[0])
      figures[words[0]] = Dictionary(
        uniqueKeysWithValues: zip(sizes, words.dropFirst().compactMap { Double($0) }))
    }
  }

  func figure(_ kind: String, _ size: String) -> Double { figures[kind]?[size] ?? .nan }
}

extension String {
  func padded(_ width: Int) -> String {
    padding(toLength: max(width, count), withPad: " ", startingAt: 0)
  }
  func leading(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
