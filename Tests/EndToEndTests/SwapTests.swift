import Foundation
import Testing

/// Pages that go to a swap area and come back, in a program that looks at every byte.
@Suite struct SwapTests {
  @Test(arguments: Pages.all)
  func whatGoesToSwapComesBack(pages: Pages) throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      ["run", "--quiet", "--swap", "64M"] + pages.options + ["--", program, "8388608"])
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == """
        pageout 0 swapped all
        child wrong 0
        parent wrong 0
        swapoff 0 swapped 0
        wrong 0
        swapon 0

        """, "\(run)")
  }

  /// A program that is larger than RAM: what does not fit is reclaimed to swap.
  @Test(arguments: Pages.all)
  func aProgramLargerThanRAMRuns(pages: Pages) throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      ["run", "--quiet", "--ram", "64M", "--swap", "128M"] + pages.options
        + ["--", program, "100663296", "large"])
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "wrong 0\nswapped some\n", "\(run)")
  }

  /// A memory group's limit: beyond it pages go to swap, and without swap the program is killed.
  @Test(arguments: Pages.all)
  func aLimitIsHeldBySwapOrByDeath(pages: Pages) throws {
    let program = try GuestPrograms.program("swap")
    let words = ["run", "--memory-max", "32M", "--show", "dmesg"] + pages.options
    let swapped = try Kilburn.run(
      words + ["--swap", "128M", "--", program, "67108864", "large"])
    #expect(swapped.output == "wrong 0\nswapped some\n", "\(swapped)")
    let killed = try Kilburn.run(words + ["--", program, "67108864", "large"])
    #expect(killed.status == 137, "\(killed)")
    #expect(killed.errors.contains("Memory cgroup out of memory: Killed process"), "\(killed)")
  }
}
