import MemoryTypes
import Testing

@testable import HostInspection

@Suite struct MemInfoTests {
  private func info(_ text: String) -> MemInfo { MemInfo(Array(text.utf8)) }

  /// What Linux 6.1 on arm64 wrote.
  static let guest = """
    MemTotal:         508768 kB
    MemFree:          504212 kB
    MemAvailable:     499876 kB
    Buffers:               0 kB
    Cached:              588 kB
    SwapCached:            0 kB
    Active:                0 kB
    Inactive:            588 kB
    Active(anon):          0 kB
    Inactive(anon):      588 kB
    Active(file):          0 kB
    Inactive(file):        0 kB
    Unevictable:           0 kB
    Mlocked:               0 kB
    SwapTotal:             0 kB
    SwapFree:              0 kB
    AnonPages:            28 kB
    Mapped:              504 kB
    Shmem:               588 kB
    KReclaimable:        136 kB
    Slab:               1580 kB
    SReclaimable:        136 kB
    SUnreclaim:         1444 kB
    KernelStack:         352 kB
    PageTables:           12 kB
    CommitLimit:      254384 kB
    Committed_AS:        972 kB
    VmallocTotal:   133143461888 kB
    VmallocUsed:         392 kB
    Percpu:               64 kB
    HugePages_Total:       0
    HugePages_Free:        0
    HugePages_Rsvd:        0
    HugePages_Surp:        0
    Hugepagesize:       2048 kB
    Hugetlb:               0 kB
    """

  /// A machine in several kinds of trouble.
  static let troubled = """
    MemTotal:       16384000 kB
    MemFree:          204800 kB
    MemAvailable:     300000 kB
    Buffers:          102400 kB
    Cached:           819200 kB
    SwapCached:       102400 kB
    Active:          1024000 kB
    Inactive:        1024000 kB
    Active(anon):    1000000 kB
    Inactive(anon):  1000000 kB
    Active(file):      24000 kB
    Inactive(file):    24001 kB
    SwapTotal:       2048000 kB
    SwapFree:         102400 kB
    AnonPages:       2048000 kB
    Shmem:            409600 kB
    Slab:            3072000 kB
    SReclaimable:      72000 kB
    SUnreclaim:      3000000 kB
    PageTables:      1024000 kB
    KernelStack:      102400 kB
    VmallocUsed:      204800 kB
    HardwareCorrupted:    64 kB
    CommitLimit:     9216000 kB
    Committed_AS:   40960000 kB
    HugePages_Total:    1024
    HugePages_Free:     1000
    HugePages_Rsvd:      100
    HugePages_Surp:        0
    Hugepagesize:       2048 kB
    Hugetlb:         3145728 kB
    DirectMap4k:    12000000 kB
    DirectMap2M:     4384000 kB
    """

  @Test func everythingIsSomewhere() {
    let places = Whereabouts(info(Self.guest))
    // 508768 - 504212 free - 28 - 588 shared - slab 1580 - stacks 352 - tables 12 - vmalloc 40 - 64
    #expect(places.remainder == (1892 << 10)...(1892 << 10))
    #expect(places.parts.map(\.name) == ["free", "programs", "shared memory", "kernel"])
  }

  @Test func overlapsAreARange() {
    let places = Whereabouts(info(Self.troubled))
    // Swap cache may be mapped, and then it is counted with the programs already.
    #expect(places.remainder.upperBound - places.remainder.lowerBound == 102400 << 10)
    let pool = places.parts.first { $0.name == "huge page pool" }
    #expect(pool?.size == .kibibytes(3_145_728))
    #expect(pool?.parts.map(\.size) == [.kibibytes(3_145_728 - 2_048_000), .kibibytes(2_048_000)])
  }

  @Test func identitiesAreCheckedAndRemaindersNamed() {
    let quiet = info(Self.guest).identities
    #expect(quiet.allSatisfy { if case .broken = $0.verdict { false } else { true } })
    #expect(
      quiet.contains { $0.text.hasPrefix("CommitLimit = 50 %") })
    let broken = info(Self.troubled).identities.filter {
      if case .broken = $0.verdict { true } else { false }
    }
    #expect(
      broken.map(\.text) == ["Inactive = Inactive(anon) + Inactive(file)"])
    #expect(broken.map(\.verdict) == [.broken(-1 << 10)])
  }

  @Test func numbersThatDeserveAWarningGetOne() {
    #expect(info(Self.guest).warnings.isEmpty)
    let names = info(Self.troubled).warnings.map(\.name)
    for name in [
      "MemAvailable", "SwapFree", "Committed_AS", "HugePages_Free", "SUnreclaim", "PageTables",
      "MemTotal", "HardwareCorrupted", "DirectMap4k",
    ] {
      #expect(names.contains(name), "\(name) in \(names)")
    }
  }

  @Test func aNodesTextIsRead() {
    let node = info("Node 1 MemTotal:    1024 kB\nNode 1 HugePages_Total:     3\n")
    #expect(node.node == 1)
    #expect(node.total == .mebibytes(1))
    #expect(node.count("HugePages_Total") == 3)
  }

  @Test func everyLineOfThisKernelIsKnown() throws {
    let host = MemInfo(try HostFileReading.bytes("/proc/meminfo"))
    let unknown = host.lines.filter { MemInfoField.named($0.name) == nil }.map(\.name)
    #expect(unknown.isEmpty, "\(unknown)")
    let names = MemInfoField.all.map(\.name)
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: 0..<300) func anyTextHasAReading(seed: UInt64) {
    var random = SeededRandom(seed)
    let text = seed % 2 == 0 ? Self.guest : Self.troubled
    let info = MemInfo(random.spoiled(Array(text.utf8)))
    let places = Whereabouts(info)
    let certain = places.parts.reduce(Int64(0)) { $0 + Int64($1.size.rawValue) }
    // The equation: what is somewhere and what is nowhere are all of it.
    #expect(places.remainder.lowerBound + certain == Int64(places.total.rawValue), "seed \(seed)")
    for part in places.parts where !part.parts.isEmpty {
      #expect(part.parts.reduce(0) { $0 + $1.size.rawValue } == part.size.rawValue, "seed \(seed)")
    }
    _ = info.identities
    _ = info.warnings
  }
}
