import Foundation

/// A program whose output on real Linux was recorded.
public struct Probe: Sendable, CustomStringConvertible {
  public let name: String
  var source: URL
  /// The folder with `NAME.VARIANT.txt`, or `NAME.txt` where all variants printed the same.
  let recordings: URL
  var flags: [String]
  var arguments: [String] = []
  /// Words for the machine, beside its variant's file.
  var options: [String] = []
  /// Whether it needs a dynamic loader and a C library in `/lib`.
  var isDynamic = false
  /// What the guest sees it as, where that is not the recording's name.
  var program: String?
  /// Words that hang on the variant.
  var variantOptions: [String: [String]] = [:]
  /// How what it printed is held against the recording.
  var rule = Rule.lines

  enum Rule: Sendable {
    /// Line by line, byte for byte.
    case lines
    /// Its figures mean something only as differences between its stages.
    case stages
    /// Its output has a report of the out-of-memory killer.
    case outOfMemory
    /// Its figures may be apart by so many per cent; see ``SwapProbes``.
    case within(Int)
    /// It has counters of memory under pressure.
    case pressure
    /// It promises more than there is; see ``OvercommitProbe``.
    case overcommit
    /// Its figures are of compaction.
    case compaction
  }

  public var description: String { name }

  /// What was recorded for a variant; nil where nothing was.
  func recording(_ variant: Variant) -> String? {
    for file in ["\(name).\(variant.name).txt", "\(name).txt"] {
      if let text = try? String(contentsOf: recordings.appending(path: file), encoding: .utf8) {
        return text
      }
    }
    return nil
  }

  /// Builds it once.
  func build() throws -> String {
    // The guest sees it as `/bin/NAME`: an own probe may have the name of another program.
    let folder = recordings.deletingLastPathComponent().lastPathComponent
    return try GuestCompiler.compile(source, "\(folder)/\(program ?? name)", flags)
  }
}

extension Probe {
  /// The probes beside the recordings whose topic is here, with the flags of their own build.
  ///
  /// The others (thp, malloc) are of other topics: huge pages, and glibc's allocator.
  public static let shared: [Probe] =
    [
      shared("layout", arguments: ["one", "two words"]),
      shared("layout-pie", of: "layout", ["-static-pie"], arguments: ["one", "two words"]),
      shared("layout-dyn", of: "layout", [], arguments: ["one", "two words"]),
      shared("layout-dyn-nopie", of: "layout", ["-no-pie"], arguments: ["one", "two words"]),
      shared("brk"), shared("mmap"), shared("mremap"), shared("madvise"), shared("mlock"),
      shared("faults"), shared("status"), shared("overcommit"), shared("buddy"),
      outOfMemory, groupOutOfMemory,
    ] + swapping

  /// All that the recordings have.
  public static let recorded = shared + pressure + compacting + [overcommit]

  /// The machine that runs out of memory: 128M of RAM, of which as much is free before the program
  /// starts as was on Linux, whose drivers and threads have the rest (MemFree and the per-CPU lists
  /// when the probe begins, and what beginning costs here).
  private static var outOfMemory: Probe {
    var probe = shared("oom-global", of: "oom", arguments: ["global"])
    probe.program = "oom"
    probe.rule = .outOfMemory
    probe.options = ["--ram", "128M"]
    probe.variantOptions = [
      "4k48": ["--mem-total", "122276K", "--mem-free", "117936K"],
      "4k48hw": ["--mem-total", "122028K", "--mem-free", "117688K"],
      "16k47": ["--mem-total", "123600K", "--mem-free", "118736K"],
      "64k42": ["--mem-total", "122688K", "--mem-free", "113216K"],
    ]
    return probe
  }

  /// A memory group that runs out of memory.
  private static var groupOutOfMemory: Probe {
    var probe = shared("oom-memcg", of: "oom", arguments: ["memcg"])
    probe.program = "oom"
    probe.rule = .outOfMemory
    return probe
  }

  static func shared(
    _ name: String, of source: String? = nil, _ linking: [String] = ["-static"],
    arguments: [String] = []
  ) -> Probe {
    let folder = Checkout.recordings.appending(path: "probes")
    return Probe(
      name: name, source: folder.appending(path: "\(source ?? name).c"), recordings: folder,
      flags: ["-O1", "-w", "-fno-builtin", "-pthread"] + linking, arguments: arguments,
      isDynamic: name.hasPrefix("layout-dyn"), rule: name == "buddy" ? .stages : .lines)
  }

  /// This project's own probes: each `NAME.c` beside its recordings.
  ///
  /// A line `// probe: WORD=VALUE` in the source says what is special about one: `flags=-lrt`,
  /// `arguments=a b`, `options=--ram 1G` (words of `kilburn run`).
  public static let own: [Probe] = {
    let folder = Checkout.endToEndTests.appending(path: "Probes")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".c") }.sorted().map { file in
      var probe = Probe(
        name: String(file.dropLast(2)), source: folder.appending(path: file), recordings: folder,
        flags: ["-O1", "-w", "-static", "-pthread", "-I", folder.path])
      let text = (try? String(contentsOf: probe.source, encoding: .utf8)) ?? ""
      for line in text.split(separator: "\n") {
        guard let match = line.wholeMatch(of: #/\/\/ probe: (\w+)=(.*)/#) else { continue }
        let words = match.2.split(separator: " ").map(String.init)
        switch match.1 {
        case "flags": probe.flags += words
        case "arguments": probe.arguments = words
        case "options": probe.options = words
        default: break
        }
      }
      return probe
    }
  }()
}
