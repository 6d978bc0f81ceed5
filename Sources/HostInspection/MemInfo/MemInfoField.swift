/// What a line of `/proc/meminfo` means.
package struct MemInfoField: Sendable {
  /// What it is about: the headings that lines are shown under.
  package enum Group: String, CaseIterable, Sendable {
    case whole = "Memory as a whole"
    case programs = "Programs' memory"
    case files = "Files' memory"
    case lists = "The reclaim lists, where both are again"
    case swap = "Swap"
    case kernel = "The kernel's memory"
    case huge = "Huge pages"
    case promises = "Promises and addresses"
    case rare = "Rarely anything else than zero"
    case direct = "How the kernel maps RAM"
    case other = "Not known here"
  }

  package var name: String
  package var group: Group
  package var meaning: String

  /// The lines of every Linux up to 7.0, and a few of before.
  package static func named(_ name: String) -> MemInfoField? {
    byName[name]
  }

  private static let byName = Dictionary(
    all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  /// Every line that is explained.
  package static let all: [MemInfoField] = whole + contents + kernel + rest

  static func fields(_ group: Group, _ meanings: KeyValuePairs<String, String>) -> [MemInfoField] {
    meanings.map { MemInfoField(name: $0.key, group: group, meaning: $0.value) }
  }
}
