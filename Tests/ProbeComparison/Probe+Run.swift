import Foundation

/// One run of a probe on this project's machine.
struct ProbeRun {
  var result: CommandResult
  var figures: MachineFigures
}

extension Probe {
  /// Runs the probe as `boot-linux` ran it: as `/bin/NAME`, root, no input.
  func run(_ variant: Variant) throws -> ProbeRun {
    let report = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: report) }
    var words = ["run", "--quiet", "--machine", variant.machine] + Checkout.kernel
    words += ["--timeout", "60", "--show", "meminfo,status", "--json", report.path]
    words += options + (variantOptions[variant.name] ?? [])
    if isDynamic {
      for file in ["ld-linux-aarch64.so.1", "libc.so.6"] {
        words += ["--bind", "\(try Checkout.library(file)):/lib/\(file)"]
      }
    }
    words += ["--", try build()] + arguments
    let result = try execute(Checkout.tool, words)
    guard let data = try? Data(contentsOf: report),
      let document = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    else {
      throw ProbeError(description: "the run left no report (\(result.status)): \(result.errors)")
    }
    let texts = document["texts"] as? [String: Any] ?? [:]
    return ProbeRun(
      result: result,
      figures: MachineFigures(
        variant: variant, meminfo: texts["meminfo"] as? String ?? "",
        status: texts["status"] as? String ?? ""))
  }
}

/// The figures that Linux's formulas start from, as this machine had them when a probe ended.
struct MachineFigures {
  let variant: Variant
  /// `/proc/meminfo` and the probe's own `status`: kB by name.
  private var values: [Substring: Int] = [:]

  init(variant: Variant, meminfo: String, status: String) {
    self.variant = variant
    for line in (meminfo + status).split(separator: "\n") {
      let words = line.split(whereSeparator: { " \t".contains($0) })
      if words.count > 1, words[0].hasSuffix(":"), let value = Int(words[1]) {
        values[words[0].dropLast()] = value
      }
    }
  }

  /// A figure in kB.
  subscript(name: Substring) -> Int { values[name] ?? 0 }

  /// A figure in pages.
  func pages(_ name: Substring) -> Int { self[name] * 1024 / variant.pageSize }
}

extension Probe {
  /// What the probe prints on this project's kernel, on the same one with KASAN, and that one's log.
  public func outputs(
    _ variant: Variant, sanitized image: String
  ) throws -> (plain: String, checked: String, log: String) {
    let words = ["run", "--machine", variant.machine, "--timeout", "120", "--show", "dmesg"]
    let program = options + ["--", try build()] + arguments
    let plain = try execute(Checkout.tool, words + Checkout.kernel + program)
    let checked = try execute(Checkout.tool, words + ["--kasan", "--kernel", image] + program)
    return (plain.output, checked.output, checked.errors)
  }
}
