import TraceFiles
import ArgumentParser
import HeapTraces
import Machine
import MemoryTypes
import PTMalloc
import Reports

/// The allocators that a replay plays: every option may be a list, and all combinations are played.
struct HeapTuning: ParsableArguments {
  @Option(help: ArgumentHelp("glibc's releases: 2.31, 2.36, 2.41.", valueName: "release,…"))
  var glibc = "2.36"

  @Option(help: ArgumentHelp("Of the machine: 4K, 16K, 64K.", valueName: "size,…"))
  var pageSize = "4K"

  @Option(help: ArgumentHelp("Processors, from which glibc makes its limit of arenas."))
  var processors: UInt32 = 2

  @Option(
    help: ArgumentHelp(
      "As GLIBC_TUNABLES has them: glibc.malloc.x=y:…; several make columns.", valueName: "text"))
  var tunables: [String] = []

  @Option(help: .list("count", "Most arenas.")) var arenaMax: String?
  @Option(help: .list("count", "Arenas before there is a limit.")) var arenaTest: String?
  @Option(help: .list("mode", "Huge pages: 0, 1 (transparent), 2.")) var hugetlb: String?
  @Option(help: .list("count", "Most objects with a mapping of their own.")) var mmapMax: String?
  @Option(help: .list("size", "From where on objects get one.")) var mmapThreshold: String?
  @Option(help: .list("size", "The largest object of fastbins.")) var mxfast: String?
  @Option(help: .list("byte", "What memory is filled with.")) var perturb: String?
  @Option(help: .list("count", "Chunks of a size in a tcache; 0: none.")) var tcacheCount: String?
  @Option(help: .list("size", "The largest object of tcaches.")) var tcacheMax: String?
  @Option(help: .list("count", "Unsorted chunks looked at to fill a tcache."))
  var tcacheUnsortedLimit: String?
  @Option(help: .list("size", "What the top is made larger by.")) var topPad: String?
  @Option(help: .list("size", "How much free top is given back.")) var trimThreshold: String?

  @Option(help: ArgumentHelp("What touches pages: objects, or headers only.", valueName: "what"))
  var touch = "objects"

  /// No comparison has more columns.
  static let most = 24

  private struct Axis {
    var name: String
    var values: [(name: String, apply: (inout ReplayOptions) throws(TraceError) -> Void)]
  }

  /// One for each column.
  func options() throws(TraceError) -> [ReplayOptions] {
    var base = ReplayOptions()
    base.environment.processors = max(1, processors)
    // What most kernels have, for hugetlb=1.
    base.environment.transparentHugePageSize = 0x20_0000
    switch touch {
    case "objects": break
    case "headers": base.touchesObjects = false
    default: throw TraceError(.usage, "--touch cannot be '\(touch)'; it is objects or headers")
    }
    var columns = [(base, [String]())]
    for axis in try axes() {
      let isCompared = axis.values.count > 1
      guard columns.count * axis.values.count <= Self.most else {
        throw TraceError(.usage, "more than \(Self.most) combinations to compare")
      }
      var next: [(ReplayOptions, [String])] = []
      for (options, names) in columns {
        for value in axis.values {
          var options = options
          try value.apply(&options)
          next.append((options, isCompared ? names + [value.name] : names))
        }
      }
      columns = next
    }
    return columns.map { options, names in
      var options = options
      options.name = names.isEmpty ? Self.name(options) : names.joined(separator: " ")
      return options
    }
  }

  /// What one replay is called: everything that is not as it is without options.
  private static func name(_ options: ReplayOptions) -> String {
    let tunables = MallocTunables.Name.allCases.compactMap { name in
      options.tunables[name].map { "\(name.text)=\($0)" }
    }
    return
      (["glibc \(options.environment.version.text)", "\(options.environment.pageSize.bytes) pages"]
      + tunables).joined(separator: ", ")
  }

  private func axes() throws(TraceError) -> [Axis] {
    var axes = [
      Axis(
        name: "glibc",
        values: try Self.list(glibc, "glibc").map { word throws(TraceError) in
          let version = try Self.version(word)
          return ("glibc \(word)", { $0.environment.version = version })
        }),
      Axis(
        name: "page-size",
        values: try Self.list(pageSize, "page-size").map { word throws(TraceError) in
          guard let size = ByteCount(parsing: word.utf8), let size = PageSize(size) else {
            throw TraceError(.usage, "--page-size cannot be '\(word)'; it is 4K, 16K or 64K")
          }
          return (word, { $0.environment.pageSize = size })
        }),
    ]
    if !tunables.isEmpty {
      axes.append(
        Axis(
          name: "tunables",
          values: tunables.map { text in
            (
              text.replacing("glibc.malloc.", with: ""),
              { $0.tunables.set(fromEnvironment: text.utf8) }
            )
          }))
    }
    let settings: [(MallocTunables.Name, String?)] = [
      (.arenaMax, arenaMax), (.arenaTest, arenaTest), (.hugetlb, hugetlb), (.mmapMax, mmapMax),
      (.mmapThreshold, mmapThreshold), (.mxfast, mxfast), (.perturb, perturb),
      (.tcacheCount, tcacheCount), (.tcacheMax, tcacheMax),
      (.tcacheUnsortedLimit, tcacheUnsortedLimit), (.topPad, topPad),
      (.trimThreshold, trimThreshold),
    ]
    for (name, text) in settings {
      guard let text else { continue }
      let option = "\(name.text)".replacing("_", with: "-")
      axes.append(
        Axis(
          name: option,
          values: try Self.list(text, option).map { word throws(TraceError) in
            var probe = MallocTunables()
            guard let value = ByteCount(parsing: word.utf8)?.rawValue, probe.set(name, to: value)
            else {
              throw TraceError(.usage, "--\(option) cannot be '\(word)'")
            }
            return ("\(option)=\(word)", { $0.tunables.set(name, to: value) })
          }))
    }
    return axes
  }

  private static func list(_ text: String, _ option: String) throws(TraceError) -> [String] {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !words.isEmpty, !words.contains("") else {
      throw TraceError(
        .usage, "--\(option) cannot be '\(text)'; write values with commas between")
    }
    return words
  }

  private static func version(_ word: String) throws(TraceError) -> GlibcVersion {
    for version in GlibcVersion.allCases where version.text == word { return version }
    let known = GlibcVersion.allCases.map(\.text).joined(separator: ", ")
    throw TraceError(
      .usage, "--glibc cannot be '\(word)'; the releases whose rules are known are \(known)")
  }
}

extension ArgumentHelp {
  /// Of an option that may be a list, whose values make columns.
  fileprivate static func list(_ value: String, _ text: String) -> ArgumentHelp {
    ArgumentHelp("\(text)", valueName: "\(value),…")
  }
}
