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
        /dev/vda

        """, "\(run)")
  }

  /// What is out has no room in RAM: who turns swap off is killed, though another has far more.
  @Test func whoTurnsSwapOffDiesBeforeOthers() throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      ["run", "--quiet", "--ram", "64M", "--swap", "128M", "--", program, "100663296", "refuse"])
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "swapoff killed\nswapped some\nwrong 0\n", "\(run)")
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

  /// A slot more or less for each page that is out: pages that were written are taken before more
  /// are, so that swap is not full of pages that are in RAM as well.
  @Test func whatWasWrittenIsTakenFirst() throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      ["run", "--quiet", "--ram", "256M", "--swap", "128M", "--", program, "335544320", "large"])
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

  /// Shared memory of every kind, half as much again as there is RAM: what is in slots is counted,
  /// read, written, cut, and brought back when swap is turned off.
  @Test(arguments: Pages.all)
  func sharedMemoryGoesToSwapAndComesBack(pages: Pages) throws {
    let program = try GuestPrograms.program("shared-swap")
    let run = try Kilburn.run(
      ["run", "--quiet", "--ram", "64M", "--swap", "128M"] + pages.options
        + ["--", program, "100663296"])
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == """
        swapped some
        smaps some
        of its own little
        wrong 0
        wrong 0
        wrong 0
        wrong 0
        segment some
        blocks all
        blocks all
        children 0
        rewritten 0
        calls 0
        sent 0
        hole 0
        swapoff done
        segment none
        wrong 0
        absent 0

        """, "\(run)")
  }

  /// What swapon and swapoff refuse is what Linux refuses, with its errors.
  @Test func areasAreRefusedAsOnLinux() throws {
    let program = try GuestPrograms.program("swap-areas")
    let run = try Kilburn.run(["run", "--quiet", "--swap", "16M", "--", program, "errors"])
    #expect(
      run.output == """
        swapon nothing No such file or directory
        swapon folder Is a directory
        swapon tmpfs Invalid argument
        swapon device Invalid argument
        swapon program Text file busy
        swapon again Device or resource busy
        swapon flags Invalid argument
        swapoff nothing No such file or directory
        swapoff tmpfs Invalid argument
        swapoff device Invalid argument
        swapon user Operation not permitted
        swapoff user Operation not permitted
        swapoff done
        swapoff again Invalid argument
        swapon prefer done
        on: /dev/vda 0 of 4095 at 7,

        """, "\(run)")
  }

  /// Two files of the host at one priority take turns, the board's own area comes after them, one
  /// is turned off while the others are full, and what was written is in the files afterwards.
  @Test(arguments: Pages.all)
  func severalAreasTakeTurns(pages: Pages) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "areas-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let size = (Int(pages.size.dropLast()) ?? 0) * 1024
    var words =
      ["run", "--quiet", "--ram", "1G", "--swap", "\(2048 * size / 1024)K"] + pages.options
    for name in ["b", "c"] {
      let path = folder.appending(path: name).path
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      let grown = unsafe truncate(path, off_t(1024 * size))
      #expect(grown == 0)
      words += ["--swap-file", path + ":5"]
    }
    let run = try Kilburn.run(words + ["--", GuestPrograms.program("swap-areas")])
    #expect(run.status == 0, "\(run)")
    let lines = run.output.split(separator: "\n")
    #expect(
      lines.first
        == "start: /dev/vda 0 of 2047 at -2, /dev/vdb 0 of 1023 at 5, /dev/vdc 0 of 1023 at 5,",
      "\(run)")
    #expect(run.output.contains("swapoff done\nwithout b: /dev/vda"), "\(run)")
    #expect(run.output.contains("wrong 0\nswapon done\n"), "\(run)")
    #expect(lines.last?.hasPrefix("end: /dev/vdb") == true, "\(run)")
    for name in ["b", "c"] {
      let bytes = try Data(contentsOf: folder.appending(path: name))
      #expect(bytes.count == 1024 * size)
      #expect(bytes[size - 10..<size] == Data("SWAPSPACE2".utf8))
      // The first words of pages: 5 i + 1 of the first round.
      let first = (1..<1024).count { page in
        let word = bytes[page * size..<page * size + 8].reversed().reduce(UInt64(0)) {
          $0 << 8 | UInt64($1)
        }
        return word % 5 == 1 && word < 5 * 2560 || word % 7 == 1 && word < 7 * 2560
      }
      #expect(first > 900)
    }
  }
}
