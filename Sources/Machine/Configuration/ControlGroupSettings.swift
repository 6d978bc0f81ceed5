import MemoryTypes
import Yams

/// Control groups that are there before the program starts, what is written to their files, and the
/// group that the program starts in.
///
/// ```yaml
/// program: shop/worker
/// groups:
///   shop:
///     memory.max: 64M
///   shop/worker:
///     memory.high: 48M
///     memory.low: 8M
/// ```
///
/// A group's parents are made with it, and share memory out to it.
package struct ControlGroupSettings: Equatable, Sendable {
  /// A value for a file of a group.
  package struct Setting: Equatable, Sendable {
    package var group: String
    package var file: String
    package var value: String
  }

  /// The program's group, as a path from the top; empty for the top.
  package var program = ""
  package var settings: [Setting] = []

  package init() {}

  package var isEmpty: Bool { program.isEmpty && settings.isEmpty }

  /// The group that `--memory-max` is about where no file names one.
  static let ownGroup = "program"

  /// What can be set before a program runs.
  static let files = [
    "memory.min", "memory.low", "memory.high", "memory.max", "memory.swap.high",
    "memory.swap.max", "memory.oom.group", "cgroup.max.depth", "cgroup.max.descendants",
  ]

  /// Sets a limit of the program's group.
  package mutating func setProgram(_ file: String, to value: String) throws(MachineError) {
    if program.isEmpty { program = Self.ownGroup }
    try set(file, to: value, of: program, where: "--\(file.replacing(".", with: "-"))")
  }

  private mutating func set(
    _ file: String, to value: String, of group: String, where place: String
  ) throws(MachineError) {
    let isCount = file.hasPrefix("cgroup.")
    let isSwitch = file == "memory.oom.group"
    let isGood =
      isSwitch
      ? value == "0" || value == "1"
      : value == "max"
        || (isCount
          ? UInt32(value).map { $0 <= 0x7fff_ffff } ?? false
          : ByteCount(parsing: value) != nil)
    guard isGood else {
      throw .usage(
        "\(place) cannot be '\(value)'",
        hint: isSwitch
          ? "it is 0 or 1" : isCount ? "write a number, or max" : "write a size, 64M, or max")
    }
    let text =
      isSwitch || isCount || value == "max"
      ? value : "\(ByteCount(parsing: value)?.rawValue ?? 0)"
    settings.append(Setting(group: group, file: file, value: text))
  }

  /// Reads a file; what it says comes before what the command line says.
  package mutating func read(_ path: String) throws(MachineError) {
    let bytes = try HostFile.start(of: path, limit: 1 << 16)
    try read(String(decoding: bytes, as: UTF8.self), named: path)
  }

  package mutating func read(_ text: String, named name: String) throws(MachineError) {
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch {
      let line = "\(error)".split(separator: "\n").first.map(String.init) ?? ""
      throw .usage("\(name): not YAML: \(line)")
    }
    guard let mapping = root?.mapping else {
      throw .usage("\(name): control groups are written under 'groups:', and 'program:' names one")
    }
    for (key, value) in mapping {
      switch key.string {
      case "program":
        guard let group = value.string else { throw .usage("\(name): 'program' names one group") }
        program = try Self.path(group, in: name)
      case "groups":
        guard let groups = value.mapping else {
          throw .usage("\(name): 'groups' has a path on each line, with its files below")
        }
        for (group, files) in groups {
          try readGroup(try Self.path(group.string ?? "", in: name), files, in: name)
        }
      default:
        throw .usage("\(name): there is no '\(key.string ?? "")' in a file of control groups")
      }
    }
  }

  private mutating func readGroup(
    _ group: String, _ node: Node, in name: String
  ) throws(MachineError) {
    guard !group.isEmpty else { throw .usage("\(name): the top has no limits") }
    if node.string == "" {
      settings.append(Setting(group: group, file: "", value: ""))
      return
    }
    guard let files = node.mapping else {
      throw .usage("\(name): \(group): write 'memory.max: 64M' and the like below it")
    }
    settings.append(Setting(group: group, file: "", value: ""))
    for (file, value) in files {
      guard let word = file.string, Self.files.contains(word) else {
        throw .usage(
          "\(name): \(group): '\(file.string ?? "")' cannot be set before a program runs")
      }
      guard let text = value.string else {
        throw .usage("\(name): \(group): \(word) has one value")
      }
      try set(word, to: text, of: group, where: "\(name): \(group): \(word)")
    }
  }

  /// A path without slashes at its ends, each of its names one that a folder can have.
  private static func path(_ text: String, in name: String) throws(MachineError) -> String {
    let names = text.split(separator: "/")
    for part in names {
      guard part != ".", part != "..", part.utf8.count <= 255,
        !part.utf8.contains(where: { $0 == 0 || $0 == 0x0A })
      else { throw .usage("\(name): '\(text)' is no path of a control group") }
    }
    return names.joined(separator: "/")
  }

  /// The bytes that the kernel reads: the program's group, then group, file and value of each
  /// setting, each text with a zero behind it.
  package var bytes: [UInt8] {
    guard !isEmpty else { return [] }
    var bytes: [UInt8] = []
    func append(_ text: String) {
      bytes.append(contentsOf: text.utf8)
      bytes.append(0)
    }
    append(program)
    for setting in settings {
      append(setting.group)
      append(setting.file)
      append(setting.value)
    }
    return bytes
  }
}
