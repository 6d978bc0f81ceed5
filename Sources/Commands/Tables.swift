import Arm64
import ArgumentParser
import KernelHistory
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

      Lines are in the words of Linux 6.1 for every version; --kernel chooses the regions.

      With --ttbr0, and no --ttbr1, it is a user half's tables, without markers.

      Examples:
        kilburn tables --dump vmcore
        kilburn tables --dump vmcore --ttbr1 0x405ba000 --page-size 4K --va-bits 48 --kernel 6.1
        kilburn tables --dump ram.bin --base 0x40000000 --page-size 64K --va-bits 42 \
      --symbols System.map
      """)

  @OptionGroup(title: "Image options")
  var image: ImageOptions

  @Option(help: "The kernel's KASAN: none, generic, sw-tags or hw-tags.")
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
    let words = try image.words()
    let kasan = try kasanMode()
    let memory = try image.image()
    let kernel = try ImagedKernel(memory, words)
    let isUser = kernel.upperRoot == nil && kernel.lowerRoot != nil
    guard let root = isUser ? kernel.lowerRoot : kernel.upperRoot else {
      throw .usage("the root is not in the image", hint: "name it with --ttbr1 or --symbols")
    }
    let markers = try isUser ? Self.userMarkers : Self.markers(kernel, kasan)
    let output = BufferedOutput()
    var report = TablesReport(kernel, memory)
    let levels = kernel.geometry.levels
    let wantsJSON = json
    var dump = PageTableDump(markers: markers) { line in
      if wantsJSON { report.take(line) } else { output.line(line.text(levels: levels)) }
    }
    var tree = TableTree(memory, root: root, geometry: kernel.geometry)
    defer { output.flush() }
    if isUser {
      try tree.walk(from: VirtualAddress(0), &dump)
      dump.finish(at: VirtualAddress(1 << kernel.geometry.vaBits))
    } else {
      // A kernel of more bits than the machine translates begins with what is never mapped.
      let bottom = kernel.bottom
      if bottom < kernel.translatedBottom { dump.note(bottom, 0, 0) }
      try tree.walk(from: kernel.translatedBottom, &dump)
      dump.finish()
    }
    if json { output.write(report.json(root: root).text) }
  }

  private func kasanMode() throws(ImageError) -> KASANMode {
    guard let mode = KASANMode(rawValue: kasan ?? "none") else {
      throw .usage(
        "--kasan cannot be '\(kasan ?? "")'",
        hint: "it is \(KASANMode.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return mode
  }

  private static var userMarkers: [PageTableDump.Marker] {
    [PageTableDump.Marker(VirtualAddress(0), "User space")]
  }

  /// The regions of that kernel.
  private static func markers(_ kernel: ImagedKernel, _ kasan: KASANMode) throws(ImageError)
    -> [PageTableDump.Marker]
  {
    let version = try ImageOptions.version(of: kernel)
    // arch/arm64/mm/dump.c until 5.6.
    if version < KernelVersion(5, 7) {
      Stream.error.line("kilburn: Linux \(version) prints what is mapped only")
    }
    do throws(LayoutError) {
      let map = AddressMap(
        try LayoutConfiguration(
          version: version, pageSize: kernel.geometry.pageSize, vaBits: kernel.vaBits,
          actualVABits: kernel.geometry.vaBits, kasan: kasan))
      let markers = map?.pageTableMarkers ?? []
      if !markers.isEmpty { return markers.map { .init($0.address, $0.name) } }
    } catch { throw .usage(error.cause, hint: error.hint ?? "see --kernel and --va-bits") }
    throw .usage("Linux \(version) has no dumper of page tables", hint: "3.19 and later have")
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
