import Machine

/// The words of a command line behind our own options.
enum GuestWords {
  /// The program and its arguments.
  ///
  /// Everything from the first word that is no option of ours comes here, so an option among them
  /// is one that there is not.
  static func program(of command: [String], verb: String) throws(MachineError) -> [String] {
    guard let first = command.first, first != "--" || command.count > 1 else {
      throw .usage("which program?", hint: "kilburn \(verb) [options] [--] PROGRAM [ARGS…]")
    }
    if first == "--" { return Array(command.dropFirst()) }
    guard first.hasPrefix("-"), first != "-" else { return command }
    let word = String(first.drop { $0 == "-" }.prefix { $0 != "=" })
    if MachineOption.notBuilt.contains(word) { throw MachineOption.refusal(of: word) }
    throw .usage("there is no option \(first)", hint: "kilburn \(verb) --help lists them")
  }
}
