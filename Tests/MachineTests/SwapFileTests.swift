import BoardFormat
import Foundation
import MemoryTypes
import Testing

@testable import Machine

/// Files of the host that a machine swaps to: what is taken, what is refused and with which words,
/// and what is in them afterwards.
@Suite struct SwapFileTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "swap-\(UUID())")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func file(_ name: String, _ bytes: [UInt8], length: Int) throws -> String {
    let url = folder.appending(path: name)
    try Data(bytes + [UInt8](repeating: 0, count: length - bytes.count)).write(to: url)
    return url.path
  }

  private func configured(_ words: [String], _ size: PageSize = .fourKiB) throws
    -> MachineDescription
  {
    var configuration = MachineConfiguration()
    configuration.pageSize = size
    for word in words { try configuration.set(.swapFile, to: word) }
    return try configuration.described()
  }

  private func refusal(_ words: [String], _ size: PageSize = .fourKiB) -> MachineError? {
    do {
      _ = try configured(words, size).openSwapFiles()
      return nil
    } catch {
      return error as? MachineError
    }
  }

  @Test func wordsHavePriorities() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let plain = try file("plain", [], length: 1 << 20)
    let colon = try file("a:5", [], length: 1 << 20)
    let machine = try configured([plain + ":7", colon])
    #expect(machine.configuration.swapFiles.map(\.priority) == [7, nil])
    #expect(machine.configuration.swapFiles.map(\.path) == [plain, colon])
    let opened = try machine.openSwapFiles()
    #expect(opened.map(\.pages) == [PageCount(256), PageCount(256)])
  }

  @Test func whatCannotBeIsNamed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let small = try file("small", [], length: 36864)
    let other = try file("other", [1, 2, 3], length: 1 << 20)
    let large = try file("large", SwapHeader.make(PageCount(16), .sixtyFourKiB), length: 1 << 20)
    var header = SwapHeader.make(PageCount(257), .fourKiB)
    let long = try file("long", header, length: 1 << 20)
    header[1024] = 2
    let version = try file("version", header, length: 1 << 20)
    let good = try file("good", [], length: 1 << 20)
    let huge = folder.appending(path: "huge")
    _ = FileManager.default.createFile(atPath: huge.path, contents: nil)
    let grown = unsafe truncate(huge.path, 65 << 30)
    #expect(grown == 0)
    let cases: [([String], String)] = [
      (["\(folder.path)/none"], "there is no such file"),
      (["\(folder.path)/none:5"], "there is no such file"),
      (["\(good):x"], "'x' is no priority"),
      (["\(good):40000"], "'40000' is no priority"),
      ([folder.path], "it is a directory"), (["/dev/null"], "it is not a file"),
      ([small], "is too small"), ([huge.path], "is too large"),
      ([other], "it has something else in it"), ([large], "made for 64K pages, not for 4K"),
      ([long], "its header is not one of 256 pages"),
      ([version], "its header is not one of 256 pages"), ([good, good], "it is given twice"),
    ]
    for (words, text) in cases {
      let error = refusal(words)
      #expect(error?.cause.contains(text) == true, "\(words): \(String(describing: error))")
      #expect(error?.exitCode == 64)
    }
    // What is there stays as it was.
    #expect(try Data(contentsOf: URL(filePath: other)).prefix(3) == Data([1, 2, 3]))
    let machine = try configured([good])
    let held = try machine.openSwapFiles()
    let second = refusal([good])
    #expect(second?.cause.contains("another machine") == true && second?.exitCode == 125)
    #expect(held.count == 1)
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func whatWasWrittenIsInTheFile(size: PageSize) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let page = Int(size.bytes.rawValue)
    let length = page * 20
    // Behind the header there is something from before, which stays where nothing is written.
    var before = SwapHeader.make(PageCount(20), size)
    before += [UInt8](repeating: 9, count: length - page)
    let path = try file("back", before, length: length)
    do {
      let opened = try configured([path], size).openSwapFiles()
      let board = unsafe open(folder.appending(path: "board").path, O_RDWR | O_CREAT, 0o600)
      defer { close(board) }
      #expect(ftruncate(board, off_t(length + 3 * page)) == 0)
      var wanted = before
      for place in [3, 4, 11] {
        let bytes = [UInt8](repeating: UInt8(place), count: page)
        let written = unsafe pwrite(board, bytes, page, off_t((place + 2) * page))
        #expect(written == page)
        wanted.replaceSubrange(place * page..<(place + 1) * page, with: bytes)
      }
      // Behind the area there is something else.
      let behind = unsafe pwrite(board, [1, 2, 3], 3, off_t(22 * page))
      #expect(behind == 3)
      try opened[0].writeBack(board, from: UInt64(2 * page))
      #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == wanted)
    }
  }

  /// Addresses that no entry of the kernel's tables reaches are refused before anything starts.
  @Test(arguments: [
    ("16K", "36", "32G", false), ("16K", "36", "30G", true), ("4K", "39", "64G", true),
  ])
  func swapFitsTheAddresses(size: String, bits: String, swap: String, fits: Bool) throws {
    var configuration = MachineConfiguration()
    for (option, word) in [(.pageSize, size), (.vaBits, bits), (.swap, swap)]
      as [(MachineOption, String)]
    {
      try configuration.set(option, to: word)
    }
    let machine = try configuration.described()
    let layout = BoardLayout(
      behind: machine.banks, deviceTree: 1, program: 1, standardInput: 0, archive: 1 << 20,
      swap: configuration.swap?.rawValue ?? 0)
    var cause: String?
    do { try layout.check(machine.vaBits) } catch { cause = error.cause }
    #expect((cause == nil) == fits)
    if let cause { #expect(cause.contains("with 36 VA bits there is room for 32G")) }
  }
}
