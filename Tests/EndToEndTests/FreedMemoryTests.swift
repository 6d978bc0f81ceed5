import Foundation
import Testing

/// What only the start-up needed is given back: the log says so, and meminfo counts it.
@Suite struct FreedMemoryTests {
  @Test(arguments: Pages.all)
  func theStartUpsMemoryIsFree(pages: Pages) throws {
    let run = try Kilburn.run(
      ["run", "--show", "dmesg,meminfo,kernel_page_tables"] + pages.options
        + ["--", try GuestPrograms.program("memory")])
    #expect(run.status == 0)
    let memory = try #require(
      run.errors.firstMatch(
        of: #/Memory: (\d+)K\/(\d+)K available \(.* (\d+)K init, .* (\d+)K reserved,/#))
    let freed = try #require(
      run.errors.firstMatch(of: #/Freeing unused kernel memory: (\d+)K\n/#))
    let total = try #require(run.errors.firstMatch(of: #/MemTotal: +(\d+) kB/#))
    let (available, all) = (Int(memory.output.1) ?? 0, Int(memory.output.2) ?? 0)
    #expect(memory.output.3 == freed.output.1)
    #expect(available + (Int(memory.output.4) ?? 0) == all)
    #expect(available + (Int(freed.output.1) ?? 0) == Int(total.output.1))

    // Between constants and variables nothing is mapped any more.
    let area = KernelTableDump(run.errors)["vmalloc() area"]
    let constants = try #require(
      area.firstIndex { $0.attributes == "ro NX SHD AF UXN MEM/NORMAL" })
    let gap = area[area.index(after: constants)]
    #expect(gap.attributes == nil)
    #expect(gap.end - gap.start + 1 >= UInt64(freed.output.1)! << 10)
  }
}
