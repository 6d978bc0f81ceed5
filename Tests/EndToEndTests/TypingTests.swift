import Foundation
import Testing

/// Typed input: standard input that is a terminal reaches the guest as it is typed.
@Suite(.serialized) struct TypingTests {
  @Test(arguments: Pages.all)
  func whatIsTypedIsReadLineByLine(pages: Pages) async throws {
    let busybox = try GuestPrograms.busybox()
    let terminal = try Terminal()
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: Kilburn.tool)
    process.arguments =
      ["run", "-q"] + pages.options
      + ["--", busybox, "sh", "-c", "while read line; do echo \"<$line>\"; done; echo end"]
    process.standardInput = terminal.guestSide
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    for line in ["one", "two words", ""] {
      try await Task.sleep(for: .milliseconds(100))
      try terminal.ownSide.write(contentsOf: Data((line + "\n").utf8))
    }
    // ^D at the start of a line: the end of what is typed.
    try terminal.ownSide.write(contentsOf: Data([4]))
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(text == "<one>\n<two words>\n<>\nend\n")
  }

  /// A pseudo-terminal.
  struct Terminal {
    let ownSide: FileHandle
    let guestSide: FileHandle

    init() throws {
      // What posix_openpt(), unlockpt() and ptsname() do, which Swift's C library does not show.
      let own = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var (lock, number): (Int32, Int32) = (0, 0)
      let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
      try #require(own >= 0)
      try #require(unsafe ioctl(own, unlock, &lock) == 0 && ioctl(own, getNumber, &number) == 0)
      let guest = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
      try #require(guest >= 0)
      ownSide = FileHandle(fileDescriptor: own, closeOnDealloc: true)
      guestSide = FileHandle(fileDescriptor: guest, closeOnDealloc: true)
    }
  }
}
