import ArgumentParser
import Foundation
import ProbeComparison

/// `make acceptance`: what the probes print on this project's kernel, held against what real Linux
/// printed.
@main struct Acceptance: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "acceptance",
    abstract: "Hold what probes print here against what real Linux 6.1 printed.",
    discussion: """
      Without words: every probe of the recordings beside the checkout whose topic is here, and \
      the project's own, for every variant. `shared` and `own` name all of one kind.

      Compared byte for byte, except for the device and inode numbers of files, for figures that \
      mean something only as differences, and for values that hang on a moment of the boot, which \
      are recomputed by Linux's formula; --recomputed lists those.

      KILBURN, KILBURN_KERNEL and KILBURN_RECORDINGS name another tool, kernel image and folder of \
      recordings.
      """)

  @Argument(help: "Probes to run.") var probes: [String] = []
  @Option(help: "Only these variants, with commas between.") var variants =
    "4k48,4k48hw,16k47,64k42"
  @Flag(help: "Also list what was recomputed or compared as a difference.") var recomputed = false
  @Option(help: "Record the project's own probes of these names with this boot-linux.")
  var record: String?
  @Option(help: "The folder with the kernel images VARIANT.img to record with.") var images = "."

  func run() throws {
    let names = Set(probes)
    let isAll = names.isEmpty
    let wanted = self.variants.split(separator: ",")
    let variants = Variant.all.filter { wanted.contains($0.name[...]) }
    if let record {
      for probe in Probe.own where isAll || names.contains(probe.name) {
        print("\(probe): \(try probe.record(with: record, images: images, variants))")
      }
      return
    }
    let known = Checkout.hasRecordings ? Probe.recorded : []
    if !Checkout.hasRecordings { print("no recordings in \(Checkout.recordings.path)") }
    let chosen =
      known.filter { isAll || names.contains("shared") || names.contains($0.name) }
      + Probe.own.filter { isAll || names.contains("own") || names.contains($0.name) }
    var failed = 0
    for probe in chosen {
      for variant in variants {
        guard let comparison = probe.compare(variant) else { continue }
        let label = "\(probe) \(variant)".padding(toLength: 28, withPad: " ", startingAt: 0)
        let notes =
          comparison.recomputed.isEmpty ? "" : ", \(comparison.recomputed.count) recomputed"
        print(label, comparison.differences.isEmpty ? "equal\(notes)" : "DIFFERS")
        for line in comparison.differences { print("    \(line)") }
        if recomputed { for line in comparison.recomputed { print("    recomputed \(line)") } }
        if !comparison.differences.isEmpty { failed += 1 }
      }
    }
    if failed > 0 {
      print("\(failed) differ")
      throw ExitCode.failure
    }
  }
}
