/// CPUs that are alike: the same core by everything that it says of itself.
package struct CPUKind: Equatable, Sendable {
  package enum Identity: Hashable, Sendable {
    case x86(X86Identity)
    case arm(ArmIdentity)
    case unknown
  }

  package var identity: Identity
  package var numbers: [UInt64]
  /// The first of them, which stands for all.
  package var sample: CPUInfo.Processor

  /// What to call it, when the text itself has no `model name`.
  package var name: String {
    switch identity {
    case .x86(let x86):
      [x86.vendorName ?? x86.vendor, x86.design ?? "family \(x86.family) model \(x86.model)"]
        .joined(separator: " ")
    case .arm(let arm): arm.name
    case .unknown: "CPU of an architecture that is not explained here"
    }
  }
}

extension CPUInfo {
  /// The kinds of cores, in the order of their first CPU: one on most machines, two or three on
  /// big.LITTLE.
  package var kinds: [CPUKind] {
    var kinds: [CPUKind] = []
    var places: [CPUKind.Identity: Int] = [:]
    for processor in processors {
      let identity = identity(of: processor)
      if let place = places[identity] {
        kinds[place].numbers.append(processor.number)
      } else {
        places[identity] = kinds.count
        kinds.append(CPUKind(identity: identity, numbers: [processor.number], sample: processor))
      }
    }
    return kinds
  }

  private func identity(of processor: Processor) -> CPUKind.Identity {
    switch architecture {
    case .x86: X86Identity(self, processor).map { .x86($0) } ?? .unknown
    case .arm64, .arm: ArmIdentity(self, processor).map { .arm($0) } ?? .unknown
    case .other: .unknown
    }
  }
}
