import Foundation
import Testing

/// Swapping to a virtio disk, which works while programs run, and fails when QEMU is told to.
@Suite struct VirtioTests {
  static let disk = ["--swap", "64M", "--swap-device", "virtio"]

  @Test(arguments: Pages.all)
  func whatGoesToTheDiskComesBack(pages: Pages) throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      ["run", "--quiet"] + Self.disk + pages.options + ["--", program, "8388608"])
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

  /// More than RAM: kswapd and direct reclaim write while the program faults.
  @Test func aProgramLargerThanRAMRuns() throws {
    let program = try GuestPrograms.program("swap")
    let run = try Kilburn.run(
      [
        "run", "--quiet", "--ram", "64M", "--swap", "128M", "--swap-device", "virtio", "--",
        program,
      ]
        + ["100663296", "large"])
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "wrong 0\nswapped some\n", "\(run)")
  }

  /// One request after the other fails: who reads what cannot be read gets SIGBUS, or its call an
  /// error, and no other process loses a byte.
  @Test(arguments: [3, 4, 7, 12, 20, 33, 54, 88])
  func aReadThatFailsHurtsItsReaderAlone(number: Int) throws {
    let run = try Self.run(failing: "read_aio", [number])
    let words = run.output.split(separator: "\n")
    #expect(run.status == 0 && words.count == 3, "\(run)")
    #expect(words.filter { $0 == "right" }.count >= 2, "\(run)")
    #expect(words.allSatisfy { ["right", "SIGBUS", "refused"].contains($0) }, "\(run)")
    #expect(
      words.allSatisfy { $0 == "right" }
        || run.errors.contains("Read-error on swap-device (254:0:"), "\(run)")
  }

  /// A page that cannot be written stays.
  @Test(arguments: [1, 2, 5, 17, 48, 100])
  func aWriteThatFailsHurtsNobody(number: Int) throws {
    let run = try Self.run(failing: "write_aio", [number])
    #expect(run.status == 0 && run.output == "right\nright\nright\n", "\(run)")
    #expect(run.errors.contains("Write-error on swap-device (254:0:"), "\(run)")
  }

  /// The header cannot be read: the machine runs, without a swap area. (QEMU's own look at the disk's
  /// first sector comes before it.)
  @Test func aDiskWithoutAHeaderIsNotSwappedTo() throws {
    let run = try Self.run(failing: "read_aio", [1, 2])
    #expect(run.status == 0 && run.output == "right\nright\nright\n", "\(run)")
    #expect(run.errors.contains("/dev/vda is not swapped to"), "\(run)")
  }

  @Test func wordsThatMakeNoSenseAreRefused() throws {
    for words in [
      ["--swap-device", "floppy"], ["--swap", "8M", "--swap-errors", "/etc/hostname"],
      ["--swap-errors", "/no/such/file"],
    ] {
      let run = try Kilburn.run(["run"] + words + ["--", "/bin/true"])
      #expect(run.status != 0 && run.errors.contains("--swap-"), "\(run)")
    }
  }

  /// Runs three processes while some requests of a kind fail, by their numbers.
  static func run(failing event: String, _ numbers: [Int]) throws -> Kilburn.Result {
    var rules = ""
    for state in 1...(numbers.max() ?? 1) {
      rules += "[set-state]\nevent = \"\(event)\"\nstate = \"\(state)\"\n"
      rules += "new_state = \"\(state + 1)\"\n"
      guard numbers.contains(state) else { continue }
      rules +=
        "[inject-error]\nevent = \"\(event)\"\nstate = \"\(state)\"\nerrno = \"5\"\nonce = \"on\"\n"
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).conf")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(rules.utf8).write(to: file)
    let program = try GuestPrograms.program("swaperrors")
    return try Kilburn.run(
      ["run", "--show", "dmesg"] + disk + ["--swap-errors", file.path, "--", program])
  }
}
