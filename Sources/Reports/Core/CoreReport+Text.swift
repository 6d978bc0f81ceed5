import Cores

extension CoreReport {
  /// Everything that the file says.
  package func text(_ style: Style) -> [String] {
    let known = known
    var lines = [
      style.heading(core.name) + "  \(core.title)",
      "\(known.sourced) figures with a source, \(known.others) assumed",
    ]
    var section = ""
    var table = TextTable([.left, .left, .left, .left])
    func flush() {
      guard !table.rows.isEmpty else { return }
      lines += ["", style.heading(section)] + table.lines()
      table.rows = []
    }
    for figure in core.figures {
      let parts = figure.path.split(separator: ".", maxSplits: 1).map(String.init)
      if parts[0] != section {
        flush()
        section = parts[0]
      }
      table.rows.append([
        parts.count > 1 ? parts[1] : parts[0], figure.text + (figure.isUsed ? "" : " (told only)"),
        basis(figure), reason(figure),
      ])
    }
    flush()
    lines += ["", style.heading("qemu")]
    let emulator = core.emulator
    lines += ["  -cpu \(emulator.argument)", "  fit: \(emulator.fit)"]
    lines += emulator.hides.map { "  hides \($0.rawValue): \($0.how)" }
    if !emulator.lacks.isEmpty {
      lines.append("  lacks \(emulator.lacks.joined(separator: "; "))")
    }
    guard !core.documents.isEmpty else { return lines }
    lines += ["", style.heading("documents")]
    for document in core.documents {
      let words = [document.number, document.revision].compactMap(\.self)
      lines += ["  \(document.id) (\(document.kind.rawValue)): \(document.title)"]
      if !words.isEmpty { lines.append("    \(words.joined(separator: ", "))") }
      if let address = document.address { lines.append(style.faint("    \(address)")) }
    }
    return lines
  }

  private func reason(_ figure: Figure) -> String {
    let reason =
      switch figure.basis {
      case .source(let id, let place): "\(id), \(place)"
      case .assumed(let why): why
      case .unstated: ""
      }
    return figure.note.map { "\(reason) (\($0))" } ?? reason
  }
}
