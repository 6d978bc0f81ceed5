/// Figures that hang on which pages reclaim met when: held against Linux's within a tenth.
extension Comparison {
  /// Compares line by line: the words must be the same, and each figure within `percent` of
  /// Linux's, or as near as `slack` says.
  ///
  /// - Parameter slack: how far apart the figures of a line may be besides, in the line's unit; the
  ///   line is Linux's, with the heading that it stands under.
  init(
    within percent: Int, ours: String, linux: String,
    slack: (Substring, _ heading: Substring) -> Int
  ) {
    let printed = ours.split(separator: "\n", omittingEmptySubsequences: false)
    let recorded = linux.split(separator: "\n", omittingEmptySubsequences: false)
    guard printed.count == recorded.count else {
      differences = ["\(printed.count) lines, Linux \(recorded.count)"]
      differences += printed.difference(from: recorded).prefix(Self.shown).map { "\($0)" }
      return
    }
    var heading: Substring = ""
    for (here, there) in zip(printed, recorded) {
      if there.hasPrefix("--") || there.hasPrefix("==") { heading = there }
      guard here != there else { continue }
      let (words, figures) = Self.figures(here)
      let (expectedWords, expected) = Self.figures(there)
      let difference = "\(heading) \(here.trimmed) (Linux: \(there.trimmed))"
      guard words == expectedWords, figures.count == expected.count else {
        differences.append(difference)
        continue
      }
      let slack = slack(there, heading)
      let isNear = zip(figures, expected).allSatisfy { ours, theirs in
        abs(ours - theirs) <= max(abs(theirs) * percent / 100, slack)
      }
      if isNear { recomputed.append(difference) } else { differences.append(difference) }
    }
  }

  /// A line's numbers, and what is left of it without blanks, which hang on the numbers' width.
  private static func figures(_ line: Substring) -> (words: String, figures: [Int]) {
    var words = ""
    var figures: [Int] = []
    var rest = line
    var previous: Character = " "
    while let character = rest.first {
      let digits = rest.prefix { $0.isNumber }
      // Digits of a name are part of it.
      if digits.isEmpty || previous.isLetter || previous == "_" {
        if character != " " && character != "\t" { words.append(character) }
        rest = rest.dropFirst()
        previous = character.isNumber ? "_" : character
      } else {
        figures.append(Int(digits) ?? 0)
        words.append("#")
        rest = rest.dropFirst(digits.count)
        previous = "#"
      }
    }
    return (words, figures)
  }
}
