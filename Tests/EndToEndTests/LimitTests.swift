import Testing

/// System calls where a memory group is at its limit, or the machine short: what they write to is
/// charged all the same and paid for afterwards, so that nothing is done twice and none is tried for
/// ever.
@Suite struct LimitTests {
  @Test(arguments: Pages.all)
  func callsHaveTheirEffectOnce(pages: Pages) throws {
    let program = try GuestPrograms.program("limit")
    let run = try Kilburn.run(
      ["run", "--quiet", "--swap", "256M"] + pages.options + ["--", program, "calls"])
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == """
        signals 200 of 200
        masks wrong 0, messages lost 0, children lost 0
        msgrcv -1 Bad address, left 4

        """, "\(run)")
  }

  @Test func argumentsBeyondTheLimitAreADeath() throws {
    let program = try GuestPrograms.program("limit")
    let run = try Kilburn.run(["run", "--quiet", "--", program, "arguments"])
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "arguments Killed\n", "\(run)")
  }

  @Test func aWrongAddressIsOneAlsoWhenMemoryIsShort() throws {
    let program = try GuestPrograms.program("limit")
    let run = try Kilburn.run(["run", "--quiet", "--ram", "64M", "--", program, "short"])
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == String(repeating: "execv: Bad address\n", count: 5), "\(run)")
  }
}
