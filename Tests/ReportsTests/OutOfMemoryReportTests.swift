import MemoryTypes
import Testing

@testable import Reports

@Suite struct OutOfMemoryReportTests {
  /// The lines that matter, as a kernel logs them.
  static let machine = """
    <4>[    0.020660] oom invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=0
    <4>[    0.021990] DMA free:1396kB boost:0kB min:1396kB low:1744kB high:2092kB present:131072kB managed:122276kB mlocked:0kB
    <4>[    0.022021] Free swap  = 0kB
    <4>[    0.022023] Total swap = 0kB
    <6>[    0.022033] [      2]     0     2      354      237    28672        0         -1000 parent
    <6>[    0.022035] [      3]     0     3    30050    29979   266240        0             0 child
    <6>[    0.022037] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/,task=child,pid=3,uid=0
    <3>[    0.022040] Out of memory: Killed process 3 (child) total-vm:120200kB, anon-rss:119460kB, file-rss:0kB, shmem-rss:456kB, UID:0 pgtables:260kB oom_score_adj:0
    """

  static let group = """
    oom invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
    memory: usage 65536kB, limit 65536kB, failcnt 19
    [     24]     0    24    16738    16647   159744        0             0 oom
    oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/oomtest,task_memcg=/oomtest,task=oom,pid=24,uid=0
    Memory cgroup out of memory: Killed process 24 (oom) total-vm:66952kB, anon-rss:66132kB, file-rss:0kB, shmem-rss:456kB, UID:0 pgtables:156kB oom_score_adj:0
    """

  @Test func readsWhatAMachineLacked() throws {
    let report = try #require(OutOfMemoryReport(log: "before\n" + Self.machine + "\nafter"))
    #expect(report.asker == "oom" && report.order == 0 && report.group == nil)
    #expect(report.managed == .kibibytes(122_276) && report.free == .kibibytes(1396))
    #expect(report.tasks.map(\.pid) == [2, 3] && report.tasks[0].adjustment == -1000)
    #expect(report.victim?.resident == .kibibytes(119_916))
    let text = report.explanation(pageSize: .fourKiB, ram: .mebibytes(128)).joined(separator: "\n")
    #expect(text.contains("Why child (process 3) was killed"))
    #expect(text.contains("Exempt by an oom_score_adj of -1000: parent (2)."))
    #expect(text.contains("There was no swap"))
    #expect(text.contains("  134M of RAM instead of 128M (--ram),"), "\(text)")
    #expect(text.contains("  120M of swap (--swap)"), "\(text)")
  }

  @Test func readsWhatAGroupLacked() throws {
    let report = try #require(OutOfMemoryReport(log: Self.group))
    #expect(report.group == "/oomtest" && report.limit == .kibibytes(65536))
    let text = report.explanation(pageSize: .fourKiB, ram: .mebibytes(128)).joined(separator: "\n")
    #expect(text.contains("the memory group /oomtest had"))
    #expect(text.contains("It was the only one that could be chosen."))
    #expect(text.contains("  a limit of 69M (memory.max, --memory-max)"), "\(text)")
  }

  @Test(arguments: ["", "oom invoked oom-killer:", ": Killed process x (y) total-vm:"])
  func whatIsNoReportIsNone(log: String) { #expect(OutOfMemoryReport(log: log) == nil) }
}
