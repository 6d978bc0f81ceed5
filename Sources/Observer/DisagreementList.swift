import Arm64
import HardwareModel
import MemoryTypes
import Observation

/// Accesses that the CPU has made and the model's tables say otherwise of: there should be none.
struct DisagreementList {
  private var count: UInt64 = 0
  /// The first of them.
  private var rows: [[UInt64]] = []

  /// An access that the tables do not allow.
  mutating func add(_ fault: ModelFault) {
    add(
      .notAllowed, fault.address, fault.kind, fault.privilege,
      UInt64(fault.status.code), 0)
  }

  /// Of some sort, with what was expected and what was found.
  mutating func add(
    _ sort: Disagreement, _ address: VirtualAddress, _ kind: AccessKind, _ privilege: Privilege,
    _ expected: UInt64, _ found: UInt64
  ) {
    count += 1
    guard rows.count < 64 else { return }
    rows.append([
      sort.rawValue, address.rawValue, kind.rawValue, privilege == .kernel ? 1 : 0, expected, found,
    ])
  }

  func write(to answer: inout AnswerWriter, checked: UInt64) {
    answer.begin(.disagreements, columns: 6, rows: rows.count)
    for row in rows { for word in row { answer.add(word) } }
    answer.begin(.figures, columns: 2, rows: 1)
    answer.add(count)
    answer.add(checked)
  }
}
