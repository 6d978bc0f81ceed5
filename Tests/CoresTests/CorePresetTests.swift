import Cores
import Foundation
import HardwareModel
import MemoryTypes
import Testing

@Suite struct CorePresetTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/Cores/Presets")

  /// A file without a name in the list would be in nobody's reach.
  @Test func everyFileHasItsName() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    let names = files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    #expect(Set(names) == Set(CorePresets.names))
    #expect(CorePresets.names.count == Set(CorePresets.names).count)
  }

  @Test(arguments: CorePresets.names) func isWhole(_ name: String) throws {
    let core = try #require(try CorePresets.core(name))
    #expect(core.name == name)
    #expect(core.architecture.pageSizes.contains(.fourKiB))
    for figure in core.figures {
      #expect(figure.basis != .unstated, "\(figure.path) does not say how it is known")
    }
    // Each document is there for a figure, or for what is said of QEMU.
    let file = try #require(CorePresets.file(name))
    let text = String(decoding: file, as: UTF8.self)
    for document in core.documents {
      #expect(text.components(separatedBy: document.id).count > 2, "\(document.id) is not used")
    }
    let isBare = ["cortex-a35", "cortex-a57", "max"].contains(name)
    #expect((core.hardware == nil) == isBare)
  }

  @Test func neoverseN1IsWhatArmSays() throws {
    let core = try #require(try CorePresets.core("neoverse-n1"))
    let hardware = try #require(core.hardware)
    #expect(hardware.geometry.dataTLB.entries == 48)
    #expect(hardware.geometry.dataTLB.sets == 1)
    #expect(hardware.geometry.sharedTLB?.entries == 1280)
    #expect(hardware.geometry.sharedTLB?.ways == 5)
    #expect(hardware.geometry.dataCache.bytes == 64 << 10)
    #expect(hardware.geometry.secondCache?.ways == 8)
    #expect(hardware.latencies.first == 4)
    #expect(hardware.latencies[.second] == 11)
    #expect(!hardware.geometry.walksThroughDataCache)
    #expect(core.emulator.argument == "neoverse-n1")
    let figure = core.figures.first { $0.path == "latency.l2" }
    #expect(figure?.text == "11")
    #expect(core.figures.contains { $0.path == "caches.l2.inclusion" && !$0.isUsed })
  }
}
