import Testing

/// A machine that swaps to compressed pages in its own memory.
@Suite struct ZRAMTests {
  @Test(arguments: ["lzo-rle", "lzo", "lz4"])
  func pagesOfEachKindComeBack(format: String) throws {
    for pages in Pages.all {
      let program = try GuestPrograms.program("zram")
      let run = try Kilburn.run(
        ["run", "--quiet", "--zram", "64M:\(format)"] + pages.options + ["--", program])
      let formats = ["lzo", "lzo-rle", "lz4"].map { $0 == format ? "[\($0)]" : $0 }
      #expect(run.status == 0, "\(run)")
      #expect(
        run.output == """
          \(formats.joined(separator: " "))
          before: stored 1 same 0 huge 0 small 1
          out: stored 257 same 128 huge 64 small 1
          compact <- 1: ok
          reset <- 1: Device or resource busy
          disksize <- 1M: Device or resource busy
          comp_algorithm <- lz4: Device or resource busy
          wrong 0
          swapoff 0 wrong 0
          mem_limit <- x: Invalid argument
          reset <- 0: Invalid argument
          reset <- 1: ok
          reset: stored 0 same 0 huge 0 small 1
          comp_algorithm <- deflate: Invalid argument
          comp_algorithm <- lz4
          : ok
          disksize <- nothing: Invalid argument
          disksize <- 8M: ok
          8388608
          swapon -1 Invalid argument

          """, "\(run)")
    }
  }

  /// A program larger than RAM, whose pages compress well.
  @Test(arguments: Pages.all)
  func aProgramLargerThanRAMRuns(pages: Pages) throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      ["run", "--quiet", "--ram", "64M", "--zram", "128M:lz4"] + pages.options
        + ["--", program, "100663296", "large"])
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "wrong 0\nswapped some\n", "\(run)")
  }

  @Test(arguments: [("256Q", "write a size"), ("64M:zip", "lzo, lzo-rle, lz4"), ("4K", "between")])
  func wordsThatMakeNoSenseAreRefused(words: (String, String)) throws {
    let run = try Kilburn.run(["run", "--zram", words.0, "--", "/bin/true"])
    #expect(run.status != 0 && run.errors.contains(words.1), "\(run)")
  }
}
