import Testing

/// The kernel's copies, which borrow the program's vector registers.
@Suite struct CopyTests {
  @Test(arguments: ["4K", "16K", "64K"]) func bytesAndVectorRegistersAreRight(pageSize: String)
    throws
  {
    let program = try GuestPrograms.program("copies")
    let run = try Kilburn.run(["run", "--quiet", "--page-size", pageSize, "--", program])
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "2804 copies right, child 0\n")
  }
}
