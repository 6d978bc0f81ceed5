import Machine
import Reports

/// One machine of several, and the words in which it differs from the others.
struct MachineColumn {
  var words: [Comparison.Word]
  /// What cannot be is known when the column's turn comes.
  var configuration: Result<MachineConfiguration, MachineError>
}

extension MachineOptions {
  /// The options that may be lists.
  private static let listed: [MachineOption] = [
    .pageSize, .vaBits, .ram, .swap, .memTotal, .mmapMinAddress, .hardwareAccessAndDirty,
    .readOnlyData, .core, .overcommit, .layoutSeed,
  ]

  /// A machine for each combination of the values that are lists.
  func columns(
    from base: MachineConfiguration = MachineConfiguration()
  ) throws(MachineError) -> [MachineColumn] {
    var base = base
    if let machine { try MachineFile.apply(at: machine, to: &base) }
    var lists: [(option: MachineOption, values: [String])] = []
    for (option, values) in words {
      for value in values {
        let values = Self.values(of: value, for: option)
        if values.count > 1 {
          lists.append((option, values))
        } else {
          try base.set(option, to: value)
        }
      }
    }
    guard lists.reduce(1, { $0 * $1.values.count }) <= 64 else {
      throw .usage("compare: more than 64 columns")
    }
    var columns = [MachineColumn(words: [], configuration: .success(base))]
    for (option, values) in lists {
      columns = columns.flatMap { column in
        values.map { value in column.with(option, value) }
      }
    }
    return columns
  }

  /// A list's values: RAM in banks has commas, too, and is one.
  private static func values(of text: String, for option: MachineOption) -> [String] {
    guard listed.contains(option), !(option == .ram && text.contains("@")) else { return [text] }
    return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}

extension MachineColumn {
  fileprivate func with(_ option: MachineOption, _ value: String) -> Self {
    var column = self
    column.words.append(.init(option: option.rawValue, value: value))
    column.configuration = configuration.flatMap { configuration in
      var changed = configuration
      do throws(MachineError) {
        try changed.set(option, to: value)
        return .success(changed)
      } catch { return .failure(error) }
    }
    return column
  }
}
