import Machine

extension RunReport {
  /// The program's name, as it is spoken of.
  package var program: String { GuestName.last(of: arguments.first ?? "") }

  /// The texts of `--show`, each under its name.
  package func shownTexts(_ names: [String], _ style: Style) -> [String] {
    names.flatMap { name -> [String] in
      if name == "log" { return ["", style.heading("The kernel's log")] + result.log }
      let found = result.texts.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
      guard !found.isEmpty else { return ["", "The kernel wrote no \(name)."] }
      return found.flatMap { text in
        ["", style.heading(text.name)]
          + String(decoding: text.bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
          ).map(String.init).dropLast()
      }
    }
  }
}
