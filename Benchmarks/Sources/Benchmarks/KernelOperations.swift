import ArgumentParser
import Foundation

/// Instructions of the kernel's own memory operations, beside Linux's.
///
/// The module `Modules/examples/kcosts.c` measures them in the machine and prints a line each into
/// the log; Linux's figures are those of such a module there.
struct KernelOperations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernel",
    abstract:
      "Instructions of kmalloc, caches, pages, vmalloc; fails where one exceeds Linux.")

  @Option(help: "The page sizes to measure.")
  var pageSizes = "4K,16K,64K"

  mutating func run() throws {
    let linux = try LinuxFigures("kernel.tsv")
    let sizes = pageSizes.split(separator: ",").map(String.init)
    let program = try Guest.build("nothing")
    let module = try Self.buildModule()
    var figures: [String: [String: Double]] = [:]
    for size in sizes { figures[size] = try Self.measure(module, program, size) }
    var table = ComparisonTable(linux, sizes: sizes, width: 60)
    for kind in linux.kinds {
      try table.row(kind) { size in
        guard let figure = figures[size]?[kind] else {
          throw ValidationError("the module printed no line for \(kind) on \(size)")
        }
        return figure
      }
    }
    try table.finish()
  }

  static func buildModule() throws -> String {
    let output = Guest.checkout.appending(path: ".build/benchmarks/kcosts.ko").path
    let source = Guest.checkout.appending(path: "Modules/examples/kcosts.c").path
    let run = try Measured(
      Guest.checkout.appending(path: "Scripts/build-module").path, [source, output])
    guard run.status == 0 else { throw ValidationError("\(source): \(run.errors)") }
    return output
  }

  /// The lines of the log, by operation.
  static func measure(_ module: String, _ program: String, _ size: String) throws -> [String:
    Double]
  {
    let run = try Guest.kilburn(
      ["run", "--show", "dmesg", "--module", module] + Guest.options(size) + ["--", program])
    guard run.status == 0 else {
      throw ValidationError("kcosts on \(size): status \(run.status) \(run.output)\(run.errors)")
    }
    var figures: [String: Double] = [:]
    // The log is part of the report, which goes to standard error.
    for line in run.errors.split(separator: "\n") {
      let words = line.split(separator: "\t")
      guard words.count == 3, words[0].hasSuffix("kcosts") else { continue }
      figures[String(words[1])] = Double(words[2])
    }
    return figures
  }
}
