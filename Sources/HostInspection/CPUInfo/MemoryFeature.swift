/// A word of `flags` or `Features` that says something about memory, and what it says.
package struct MemoryFeature: Equatable, Sendable {
  package var word: String
  package var meaning: String
}

extension CPUInfo {
  /// The words of a CPU's `flags` (x86) or `Features` (arm), in their order.
  package func featureWords(of processor: Processor) -> [String] {
    (value(architecture == .x86 ? "flags" : "Features", of: processor) ?? "")
      .split(whereSeparator: \.isProcBlank).map(String.init)
  }

  /// Of these words the ones that concern memory.
  package func memoryFeatures(of processor: Processor) -> [MemoryFeature] {
    let meanings = architecture == .x86 ? MemoryFeature.x86 : MemoryFeature.arm
    return featureWords(of: processor).compactMap { word in
      meanings[word].map { MemoryFeature(word: word, meaning: $0) }
    }
  }

  /// The faults in the silicon that `bugs` names, of those that change how memory is managed.
  package func memoryBugs(of processor: Processor) -> [MemoryFeature] {
    (value("bugs", of: processor) ?? "").split(whereSeparator: \.isProcBlank).compactMap { word in
      MemoryFeature.bugs[String(word)].map { MemoryFeature(word: String(word), meaning: $0) }
    }
  }
}
