import Foundation

/// What a KASAN report says that does not hang on addresses.
struct KASANReport: Equatable, CustomStringConvertible {
  /// "slab-out-of-bounds".
  var bug = ""
  /// The function in the first line, without its offset.
  var function = ""
  /// "Read of size 1", "Free".
  var access = ""
  /// "kmalloc-128: 115 bytes inside of 128-byte region"; empty where it is no slab's.
  var object = ""
  /// What else the address is said to be.
  var place = ""
  /// The shadow byte that the caret points at.
  var shadow = ""
  /// Which stacks are there.
  var stacks = ""

  var description: String {
    "\(bug) in \(function): \(access); \(object)\(place); \(shadow); \(stacks)"
  }

  /// A line of the record, without the case.
  init(fields: some Sequence<Substring>) {
    var rest = Array(fields.map(String.init))
    while rest.count < 7 { rest.append("") }
    (bug, function, access) = (rest[0], rest[1], rest[2])
    (object, place, shadow, stacks) = (rest[3], rest[4], rest[5], rest[6])
  }

  /// A report's lines, without times.
  init(lines: [Substring]) {
    let text = lines.joined(separator: "\n")
    if let head = text.firstMatch(of: #/BUG: KASAN: (\S+) in ([^+\n]+)/#) {
      bug = String(head.1)
      function = String(head.2)
    }
    if let found = text.firstMatch(of: #/\n((?:Read|Write) of size \d+|Free)/#) {
      access = String(found.1)
    }
    if let cache = text.firstMatch(of: #/belongs to the cache (\S+) of size/#),
      let found = text.firstMatch(of: #/located (.*)\n (\d+-byte region)/#)
    {
      object = "\(cache.1): \(found.1) \(found.2)"
    }
    place = Self.place(text, isObject: !object.isEmpty)
    shadow = Self.shadow(lines)
    stacks = [
      ("allocated", "Allocated by task"), ("freed", "Freed by task"),
      ("put off", "Last potentially related work creation"),
    ].filter { text.contains($0.1) }.map(\.0).joined(separator: ", ")
  }

  private static func place(_ text: String, isObject: Bool) -> String {
    var places: [String] = []
    if let variable = text.firstMatch(of: #/belongs to the variable:\n (\w+)/#) {
      places.append("variable \(variable.1)")
    }
    if text.contains("belongs to stack of task") {
      places.append(text.contains("in frame:") ? "stack, its frame named" : "stack")
    }
    if !isObject && places.isEmpty {
      if let area = text.firstMatch(of: #/(\d+)-page vmalloc region/#) {
        places.append("\(area.1)-page vmalloc region")
      } else if text.contains("belongs to the physical page") {
        places.append("physical page")
      }
    }
    return places.joined(separator: ", ")
  }

  private static func shadow(_ lines: [Substring]) -> String {
    guard let row = lines.firstIndex(where: { $0.hasPrefix(">") }), row + 1 < lines.count,
      let caret = lines[row + 1].firstIndex(of: "^")
    else { return "" }
    let column = lines[row + 1].distance(from: lines[row + 1].startIndex, to: caret)
    let values = lines[row].split(separator: " ").dropFirst()
    let index = (column - 19) / 3
    return index < values.count ? String(values[values.startIndex + index]) : ""
  }

  /// The reports in a log, whose lines may have times.
  static func all(in log: some StringProtocol) -> [KASANReport] {
    var reports: [KASANReport] = []
    var open: [Substring]?
    for line in log.split(separator: "\n", omittingEmptySubsequences: false) {
      let text = Substring(String(line).replacing(#/^\[ *\d+\.\d+\] ?/#, with: ""))
      if text.hasPrefix("=====") {
        if let lines = open {
          reports.append(KASANReport(lines: lines))
          open = nil
        } else {
          open = []
        }
      } else {
        open?.append(text)
      }
    }
    return reports
  }
}

/// What Linux reported for a case of its own test.
struct RecordedCase {
  enum Outcome {
    case skipped(String)
    case reports([KASANReport])
  }
  var name: String
  var outcome: Outcome

  /// The record, in its order.
  static func all() throws -> [RecordedCase] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "KASAN/linux.tsv")
    var cases: [RecordedCase] = []
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    where !line.hasPrefix("#") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      let name = String(fields[0])
      if fields[1] == "skipped" {
        cases.append(RecordedCase(name: name, outcome: .skipped(String(fields[2]))))
        continue
      }
      let report = fields[1] == "silent" ? [] : [KASANReport(fields: fields.dropFirst())]
      if case .reports(let before)? = cases.last?.outcome, cases.last?.name == name {
        cases[cases.count - 1].outcome = .reports(before + report)
      } else {
        cases.append(RecordedCase(name: name, outcome: .reports(report)))
      }
    }
    return cases
  }
}
