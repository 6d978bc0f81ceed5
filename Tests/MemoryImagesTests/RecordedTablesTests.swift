import Arm64
import Foundation
import KernelHistory
import MemoryTypes
import Testing

@testable import MemoryImages

/// The memory images of a real Linux, beside what its own dumper printed, where they are at hand.
@Suite struct RecordedTablesTests {
  static let folder = "../shared/linux/dumps"

  /// A recorded machine: its pages, its VA bits, where its kernel's root is.
  struct Machine: CustomStringConvertible, Sendable {
    var name: String
    var pageSize: PageSize
    var vaBits: UInt64
    var root: UInt64
    var description: String { name }
  }

  static let machines = [
    Machine(name: "4k48", pageSize: .fourKiB, vaBits: 48, root: 0x405b_a000),
    Machine(name: "64k42", pageSize: .sixtyFourKiB, vaBits: 42, root: 0x4062_0000),
  ].filter { FileManager.default.fileExists(atPath: "\(folder)/\($0.name).vmcore.xz") }

  @Test(arguments: machines) func tablesAreWhatTheKernelPrinted(machine: Machine) throws {
    let image = try Self.image(machine)
    var words = ImagedKernel.Words()
    words.pageSize = machine.pageSize
    words.vaBits = machine.vaBits
    words.upperRoot = machine.root
    let kernel = try ImagedKernel(image, words)
    let layout = try #require(
      AddressMap(
        LayoutConfiguration(
          version: KernelVersion(6, 1), pageSize: machine.pageSize, vaBits: machine.vaBits)))
    var text = ""
    let markers = layout.pageTableMarkers
    var dump = PageTableDump(markers: markers.map { .init($0.address, $0.name) }) {
      text += $0.text(levels: kernel.geometry.levels) + "\n"
    }
    var tree = TableTree(image, root: try #require(kernel.upperRoot), geometry: kernel.geometry)
    try tree.walk(from: kernel.translatedBottom, &dump)
    dump.finish()
    let recorded = try String(
      contentsOfFile: "\(Self.folder)/\(machine.name).kernel_page_tables", encoding: .utf8)
    #expect(text == recorded)
  }

  @Test(arguments: machines) func symbolsFindTheRoot(machine: Machine) throws {
    let symbols = try Self.unpacked("\(machine.name).System.map.gz", with: "gzip")
    defer { try? FileManager.default.removeItem(atPath: symbols) }
    var words = ImagedKernel.Words()
    words.pageSize = machine.pageSize
    words.vaBits = machine.vaBits
    words.symbols = symbols
    let kernel = try ImagedKernel(Self.image(machine), words)
    #expect(kernel.upperRoot == PhysicalAddress(machine.root))
  }

  @Test(.enabled(if: machines.count == 2)) func walksAreWhatQEMUSaid() throws {
    let image = try Self.image(Self.machines[0])
    var words = ImagedKernel.Words()
    words.pageSize = .fourKiB
    words.upperRoot = 0x405b_a000
    let kernel = try ImagedKernel(image, words)
    let told: [(UInt64, UInt64)] = [
      (0xffff_0000_0000_0000, 0x4000_0000), (0xffff_8000_0801_0000, 0x4021_0000),
      (0xffff_fc00_0000_0000, 0x47c0_0000), (0xffff_8000_0800_0000, 0x4080_c000),
    ]
    for (address, physical) in told {
      let walk = try ImageWalk(VirtualAddress(address), image, kernel.regime)
      guard case .mapped(let mapping) = walk.outcome else {
        Issue.record("\(walk.outcome)")
        continue
      }
      #expect(mapping.address == PhysicalAddress(physical))
    }
  }

  static func image(_ machine: Machine) throws -> any MemoryImage {
    let path = try unpacked("\(machine.name).vmcore.xz", with: "xz")
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try MemoryImageFile.open(path, base: nil)
  }

  /// A recorded file, unpacked under a name of its own.
  static func unpacked(_ name: String, with program: String) throws -> String {
    let path = NSTemporaryDirectory() + "kilburn-\(UUID().uuidString)"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program, "-dkc", "\(folder)/\(name)"]
    process.standardOutput = FileHandle(forWritingAtPath: path)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return path
  }
}
