import Foundation

extension Probe {
  /// Records an own probe on real Linux, for each variant whose image there is.
  ///
  /// One recording serves all variants if they printed the same.
  /// - Parameters:
  ///   - program: the recordings' `boot-linux`.
  ///   - images: the folder with a kernel image `VARIANT.img` for each.
  /// - Returns: what was written.
  public func record(with program: String, images: String, _ variants: [Variant]) throws -> String {
    let binary = try build()
    var outputs: [(Variant, String)] = []
    for variant in variants {
      let image = "\(images)/\(variant.name).img"
      guard FileManager.default.fileExists(atPath: image) else { continue }
      let run = try execute(
        program, ["--kernel", image, "--quiet-status", "--timeout", "300", binary] + arguments)
      guard run.status == 0 else {
        throw ProbeError(description: "\(variant): ended with \(run.status) \(run.errors)")
      }
      outputs.append((variant, run.output))
    }
    guard let first = outputs.first else {
      throw ProbeError(description: "no image in \(images)")
    }
    let isSame = outputs.allSatisfy { $0.1 == first.1 } && outputs.count == Variant.all.count
    let manager = FileManager.default
    if isSame || outputs.count == Variant.all.count {
      for file in ["\(name).txt"] + Variant.all.map({ "\(name).\($0).txt" }) {
        try? manager.removeItem(at: recordings.appending(path: file))
      }
    }
    for (variant, output) in isSame ? [first] : outputs {
      let file = isSame ? "\(name).txt" : "\(name).\(variant).txt"
      try Data(output.utf8).write(to: recordings.appending(path: file))
    }
    return isSame ? "the same on all" : outputs.map(\.0.name).joined(separator: ", ")
  }
}
