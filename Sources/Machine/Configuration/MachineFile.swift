import Yams

/// A machine described in a file: YAML, with the words of the command line.
///
/// ```yaml
/// page-size: 16K
/// ram: 1G
/// hw-afdbm: off
/// env: [LANG=C, DEBUG=1]
/// ```
package enum MachineFile {
  /// Applies what the file at a path says to a configuration.
  package static func apply(at path: String, to configuration: inout MachineConfiguration)
    throws(MachineError)
  {
    let bytes = try HostFile.start(of: path, limit: 1 << 16)
    try apply(String(decoding: bytes, as: UTF8.self), named: path, to: &configuration)
  }

  /// Applies what the file says to a configuration.
  package static func apply(
    _ text: String, named name: String, to configuration: inout MachineConfiguration
  ) throws(MachineError) {
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch {
      throw .usage("\(name): not YAML: \(firstLine(of: error))")
    }
    guard let root, root != "" else { return }
    guard let mapping = root.mapping else {
      throw .usage("\(name): a machine is written as 'word: value' lines")
    }
    for (key, value) in mapping {
      let word = key.string ?? ""
      if MachineOption.notBuilt.contains(word) {
        throw inFile(name, MachineOption.refusal(of: word))
      }
      guard let option = MachineOption(rawValue: word) else {
        throw .usage("\(name): there is no '\(word)' in a machine")
      }
      for text in try texts(of: value, for: option, in: name) {
        do throws(MachineError) { try configuration.set(option, to: text) } catch {
          throw inFile(name, error)
        }
      }
    }
  }

  /// A value's texts: one, or several where an option may be given several times.
  ///
  /// RAM's banks may be a list too.
  private static func texts(of node: Node, for option: MachineOption, in name: String)
    throws(MachineError) -> [String]
  {
    if let text = node.string { return [text] }
    if let list = node.sequence {
      let texts = list.compactMap(\.string)
      if texts.count == list.count {
        if option == .ram { return [texts.joined(separator: ",")] }
        if option == .bind || option == .env || option == .swapFile { return texts }
      }
    }
    if option == .env, let mapping = node.mapping {
      let pairs = mapping.compactMap { key, value in
        key.string.flatMap { name in value.string.map { "\(name)=\($0)" } }
      }
      if pairs.count == mapping.count { return pairs }
    }
    throw .usage("\(name): '\(option.rawValue)' cannot be a value of that shape")
  }

  private static func inFile(_ name: String, _ error: MachineError) -> MachineError {
    MachineError(kind: error.kind, cause: "\(name): \(error.cause)", hint: error.hint)
  }

  private static func firstLine(of error: any Error) -> String {
    "\(error)".split(separator: "\n").first.map(String.init) ?? ""
  }
}
