package import BoardFormat

/// Which causes a trace shows, and which of their effects: the words of `--filter`.
package struct TraceFilter: Sendable, Equatable {
  /// The calls to show; nil for all, empty for none.
  private var calls: Set<Int>?
  private var showsFaults = true
  private var showsTasks = true
  /// What is shown of what they did.
  private var effects: TraceCategories = .everything

  /// Everything.
  package init() {}

  /// The kinds of event that have a word.
  private static let words: [(word: String, category: TraceCategories)] = [
    ("area", .areas), ("frame", .frames), ("table", .tables), ("tlb", .tlb),
    ("signal", .signals), ("stack", .stacks),
  ]

  /// The words there are besides the names of calls.
  package static let kinds = ["call", "fault", "task"] + words.map(\.word)

  /// A list of words: causes (`call`, `fault`, `task`, or calls by name) and effects.
  ///
  /// Where no cause is named all are shown, and where no effect is named all of those; `!word`
  /// takes one away. Nil, with the word that there is not, if there is one.
  package init(_ list: [String]) throws(UnknownTraceWord) {
    var causes: Set<String> = []
    var wanted: TraceCategories = []
    var unwanted: TraceCategories = []
    var unwantedCauses: Set<String> = []
    var named: Set<Int> = []
    for entry in list {
      let isNegative = entry.hasPrefix("!")
      let word = String(entry.drop { $0 == "!" })
      if let category = Self.words.first(where: { $0.word == word })?.category {
        if isNegative { unwanted.formUnion(category) } else { wanted.formUnion(category) }
      } else if ["call", "fault", "task"].contains(word) {
        if isNegative { unwantedCauses.insert(word) } else { causes.insert(word) }
      } else if let number = SystemCallName.number(of: word), !isNegative {
        named.insert(number)
      } else {
        throw UnknownTraceWord(word: entry)
      }
    }
    let isAll = causes.isEmpty && named.isEmpty
    if !named.isEmpty { calls = named }
    if !isAll && named.isEmpty && !causes.contains("call") { calls = [] }
    if causes.contains("call") { calls = nil }
    if unwantedCauses.contains("call") { calls = [] }
    showsFaults = (isAll || causes.contains("fault")) && !unwantedCauses.contains("fault")
    showsTasks = (isAll || causes.contains("task")) && !unwantedCauses.contains("task")
    effects = (wanted.isEmpty ? .everything : wanted).subtracting(unwanted)
  }

  /// What the kernel must tell.
  ///
  /// Of tasks and areas always: what else it says is read by them.
  package var traced: TraceCategories {
    var all = effects.intersection([.frames, .tables, .tlb, .signals, .stacks])
    all.formUnion([.areas, .tasks])
    if calls != [] { all.formUnion(.calls) }
    // A call's faults are effects of it.
    all.formUnion(.faults)
    return all
  }

  func shows(call number: Int) -> Bool { calls.map { $0.contains(number) } ?? true }
  var faults: Bool { showsFaults }
  var tasks: Bool { showsTasks }
  func shows(_ effect: TraceCategories) -> Bool { effects.contains(effect) }
}

/// A word that a filter does not have.
package struct UnknownTraceWord: Error {
  package var word: String
}
