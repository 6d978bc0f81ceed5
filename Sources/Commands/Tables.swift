import Arm64
import ArgumentParser
import KernelLayout
import MemoryImages
import MemoryTypes
import Reports

/// `kilburn tables`: page tables of a memory image, as Linux's own dumper prints them.
struct Tables: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a kernel's page tables from a memory image.",
    discussion: """
      The output is what /sys/kernel/debug/kernel_page_tables prints on that machine: a line for \
      each range of entries with the same attributes, and where the kernel's regions begin and end. \
      The image is an ELF core (QEMU's dump-guest-memory, /proc/vmcore), a kdump-compressed file, \
      flattened or not, or RAM itself with --base. Page size, address bits and root are found in \
      the image's VMCOREINFO where it has one; else options say them, and --symbols finds the root.

      With --ttbr0, and no --ttbr1, it is a user half's tables, without markers.

      Examples:
        kilburn tables --dump vmcore
        kilburn tables --dump vmcore --ttbr1 0x405ba000 --page-size 4K --va-bits 48 --kernel 6.1
        kilburn tables --dump ram.bin --base 0x40000000 --page-size 64K --va-bits 42 \
      --symbols System.map
      """)

  @OptionGroup(title: "Image options")
  var image: ImageOptions

  @Option(
    help: ArgumentHelp(
      "The version whose regions are marked; 6.1 unless the image says another.",
      valueName: "version"))
  var kernel: String?

  @Option(help: ArgumentHelp("The kernel's KASAN: generic, or none.", valueName: "mode"))
  var kasan: String?

  @Flag(help: "JSON instead of text; Documentation/ReportFormat.md describes it.")
  var json = false

  func run() throws {
    do throws(ImageError) { try print() } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode)
    }
  }

  private func print() throws(ImageError) {
    let words = try image.words(release: kernel)
    let shadow = try hasShadow()
    let memory = try image.image()
    let kernel = try ImagedKernel(memory, words)
    let isUser = kernel.upperRoot == nil && kernel.lowerRoot != nil
    guard let root = isUser ? kernel.lowerRoot : kernel.upperRoot else {
      throw .usage("the root is not in the image", hint: "name it with --ttbr1 or --symbols")
    }
    let markers = try isUser ? Self.userMarkers : Self.markers(kernel, shadow)
    let output = BufferedOutput()
    var report = TablesReport(kernel, memory)
    let levels = kernel.geometry.levels
    let wantsJSON = json
    var dump = PageTableDump(markers: markers) { line in
      if wantsJSON { report.take(line) } else { output.line(line.text(levels: levels)) }
    }
    var tree = TableTree(memory, root: root, geometry: kernel.geometry)
    defer { output.flush() }
    try tree.walk(from: markers[0].start, &dump)
    if isUser {
      dump.finish(at: VirtualAddress(1 << kernel.geometry.vaBits))
    } else {
      dump.finish()
    }
    if json { output.write(report.json(root: root).text) }
  }

  private func hasShadow() throws(ImageError) -> Bool {
    switch kasan {
    case nil, "none": false
    case "generic": true
    default: throw .usage("--kasan cannot be '\(kasan ?? "")'", hint: "it is generic or none")
    }
  }

  private static var userMarkers: [PageTableDump.Marker] {
    [PageTableDump.Marker(VirtualAddress(0), "User space")]
  }

  /// The regions of that kernel.
  private static func markers(_ kernel: ImagedKernel, _ hasShadow: Bool) throws(ImageError)
    -> [PageTableDump.Marker]
  {
    let release = kernel.release ?? "6.1"
    guard release == "6.1" || release.hasPrefix("6.1.") || release.hasPrefix("6.1-") else {
      throw .usage("the regions of Linux \(release) are not known", hint: "--kernel 6.1 is")
    }
    return PageTableDump.Marker.linux6_1(
      KernelLayout(linux6_1: kernel.geometry, hasShadow: hasShadow))
  }
}

/// Standard output in large pieces.
final class BufferedOutput {
  private var bytes: [UInt8] = []
  /// Whether anybody still takes it.
  private(set) var isOpen = true

  func line(_ text: String) {
    bytes += text.utf8
    bytes.append(UInt8(ascii: "\n"))
    if bytes.count > 1 << 16 { flush() }
  }

  func write(_ text: String) {
    bytes += text.utf8
    if bytes.count > 1 << 16 { flush() }
  }

  func flush() {
    if isOpen && !bytes.isEmpty { isOpen = Stream.output.write(bytes) }
    bytes.removeAll(keepingCapacity: true)
  }
}
