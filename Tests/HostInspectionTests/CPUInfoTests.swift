import MemoryTypes
import Testing

@testable import HostInspection

@Suite struct CPUInfoTests {
  private func info(_ text: String) -> CPUInfo { CPUInfo(Array(text.utf8)) }

  @Test func aServerHasSocketsCoresAndThreads() throws {
    let info = info(CPUFixtures.xeon)
    #expect(info.architecture == .x86)
    #expect(info.processors.map(\.number) == Array(0..<8))
    #expect(info.kinds.count == 1)
    #expect(info.kinds[0].name == "Intel Sapphire Rapids")
    let topology = try #require(CPUTopology(info))
    #expect(topology.packages.map(\.id) == [0, 1])
    #expect(topology.cores == 4)
    #expect(topology.threadsPerCore == 2)
    #expect(topology.packages[1].cores.map(\.threads) == [[2, 6], [3, 7]])
    let cpu = info.processors[0]
    let words = info.memoryFeatures(of: cpu).map(\.word)
    #expect(words.contains("la57") && words.contains("pku") && !words.contains("tsc"))
    #expect(info.memoryBugs(of: cpu).map(\.word) == ["spectre_v1"])
  }

  @Test func addressSizesAreTurnedIntoWhatCanBeAddressed() throws {
    let server = try #require(AddressSizes("46 bits physical, 57 bits virtual"))
    #expect(server.physical == .gibibytes(64 << 10))
    #expect(server.userHalf == .gibibytes(64 << 20))
    #expect(server.levels == 5)
    let usual = try #require(AddressSizes("48 bits physical, 48 bits virtual"))
    #expect(usual.virtual == .gibibytes(256 << 10))
    #expect(usual.userHalf == .gibibytes(128 << 10))
    #expect(usual.levels == 4)
    let old = try #require(AddressSizes("36 bits physical, 32 bits virtual"))
    #expect(old.levels == 2)
    for text in [
      "", "48 bits physical", "-1 bits physical, 48 bits virtual",
      "x bits physical, y bits virtual",
      "64 bits physical, 64 bits virtual", "48 bits physical, 99999999999999999999 bits virtual",
    ] {
      #expect(AddressSizes(text) == nil, "\(text)")
    }
  }

  @Test func clustersAreTwoKindsOfCores() {
    let info = info(CPUFixtures.bigLittle)
    #expect(info.architecture == .arm64)
    #expect(info.kinds.map(\.name) == ["Arm Cortex-A53 r0p4", "Arm Cortex-A72 r0p2"])
    #expect(info.kinds.map { CPUNumbers.text($0.numbers) } == ["0-3", "4-5"])
    #expect(info.machine.map(\.name) == ["Hardware", "Serial"])
    // Nothing in the text says where they sit.
    #expect(CPUTopology(info) == nil)
  }

  @Test func oldKernelsWriteOneBlockForAll() {
    let info64 = info(CPUFixtures.old)
    #expect(info64.architecture == .arm64)
    #expect(info64.processors.map(\.number) == [0, 1])
    #expect(info64.kinds.map(\.name) == ["NVIDIA Denver r0p0"])
    #expect(info64.kinds[0].numbers == [0, 1])
    let info32 = info(CPUFixtures.old32)
    #expect(info32.architecture == .arm)
    #expect(info32.kinds.map(\.name) == ["Arm Cortex-A15 r2p3"])
    #expect(info32.kinds[0].numbers == [0, 1])
  }

  @Test func performanceAndEfficiencyCoresHaveNames() {
    let info = info(CPUFixtures.apple)
    #expect(info.kinds.map(\.name) == ["Apple Icestorm (M1) r1p1", "Apple Firestorm (M1) r1p1"])
    let words = info.memoryFeatures(of: info.processors[0]).map(\.word)
    #expect(
      words == ["atomics", "cpuid", "lrcpc", "dcpop", "dit", "uscat", "ilrcpc", "ssbs", "sb"]
        + ["paca", "pacg", "dcpodp"])
  }

  @Test func anUnknownCoreKeepsItsNumbers() {
    let identity = ArmIdentity(midr: 0x7a2f_abc3)
    #expect(identity.name == "implementer 0x7a part 0xabc r2p3")
    #expect(ArmIdentity(midr: 0x410f_d0c1).name == "Arm Neoverse-N1 r0p1")
    #expect(ArmIdentity(midr: 0x410f_d0c1).midr == 0x410f_d0c1)
  }

  @Test func translationIsTakenFromTheRegisters() throws {
    let n1 = try #require(ArmTranslation.of(ArmIdentity(midr: 0x414f_d0c1)))
    #expect(n1.physicalBits == 48 && n1.virtualBits == 48)
    #expect(n1.granules == [.fourKiB, .sixteenKiB, .sixtyFourKiB])
    let a53 = try #require(ArmTranslation.of(ArmIdentity(midr: 0x410f_d034)))
    #expect(a53.physicalBits == 40 && a53.granules == [.fourKiB, .sixtyFourKiB])
    // 52-bit physical addresses, no 4K granule, FEAT_LVA.
    let odd = ArmTranslation(mmfr0: 0xf010_0006, mmfr2: 0x1_0000)
    #expect(odd.physicalBits == 52 && odd.virtualBits == 52)
    #expect(odd.granules == [.sixteenKiB, .sixtyFourKiB])
    #expect(ArmTranslation.of(ArmIdentity(midr: 0)) == nil)
  }

  @Test func cpuNumbersAreRanges() {
    #expect(CPUNumbers.text([]) == "")
    #expect(CPUNumbers.text([3, 1, 0, 7, 8, 5]) == "0-1,3,5,7-8")
    #expect(CPUNumbers.text([UInt64.max - 1, .max, 0]) == "0,\(UInt64.max - 1)-\(UInt64.max)")
  }

  @Test func theRunningMachineHasAReading() throws {
    let info = CPUInfo(try HostFileReading.bytes("/proc/cpuinfo"))
    #expect(!info.processors.isEmpty)
    #expect(info.kinds.reduce(0) { $0 + $1.numbers.count } == info.processors.count)
    let host = HostCPUs(info)
    #expect(host.pageSize >= 4096)
  }

  /// Texts cut, repeated and spoiled at random have a reading, too.
  @Test(arguments: 0..<200) func anyTextHasAReading(seed: UInt64) {
    var random = SeededRandom(seed)
    let texts = [
      CPUFixtures.xeon, CPUFixtures.bigLittle, CPUFixtures.old, CPUFixtures.old32,
      CPUFixtures.apple,
    ]
    let bytes = random.spoiled(Array(texts[Int(seed) % texts.count].utf8))
    let info = CPUInfo(bytes)
    #expect(info.kinds.reduce(0) { $0 + $1.numbers.count } == info.processors.count)
    _ = CPUTopology(info)
    for processor in info.processors {
      _ = info.memoryFeatures(of: processor)
      for field in processor.fields { _ = CPUFieldMeaning.of(field) }
    }
  }
}
