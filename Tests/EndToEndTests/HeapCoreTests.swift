import Foundation
import RecordedCores
import Testing

/// `kilburn heap inspect` of a core of a real arm64 process: each of its outputs.
struct HeapCoreTests {
  private func inspect(_ options: String...) throws -> (core: RecordedCore, Kilburn.Result) {
    let core = try RecordedCore("static-4k")
    return (core, try Kilburn.run(["heap", "inspect", core.path] + options))
  }

  @Test func printsWhatMallocInfoPrinted() throws {
    let (core, result) = try inspect("--malloc-info")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == core.printed)
  }

  /// The report fits a terminal of 100 columns, and its maps say what is where.
  @Test func reportFitsATerminal() throws {
    let (core, result) = try inspect()
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n").filter { !$0.contains(core.path) }
    #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines.filter { $0.count > 100 })")
    #expect(lines.contains { $0.contains("accounted for") && $0.contains("in 4 arenas") })
    let rows = lines.filter { $0.hasPrefix("  0x") }
    #expect(rows.count > 4 * 10)
    // Used, in a cache, in bins, top, malloc's own: everything that the legend names is drawn.
    for legend in ["█ used", "t tcache", "░ large bin", "· top", "m malloc's own"] {
      #expect(rows.contains { $0.contains(legend.prefix(1)) }, "\(legend)")
      #expect(lines.contains { $0.contains("  \(legend)") }, "\(legend)")
    }
  }

  @Test func drawsTheHeap() throws {
    let path = NSTemporaryDirectory() + "kilburn-heap-\(UUID().uuidString).svg"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (_, result) = try inspect("--svg", path)
    #expect(result.status == 0, "\(result.errors)")
    let drawing = try String(contentsOfFile: path, encoding: .utf8)
    #expect(drawing.hasPrefix("<svg xmlns=") && drawing.hasSuffix("</svg>\n"))
    let texts = drawing.matches(of: /<text [^>]*>([^<]*)<\/text>/).map(\.1)
    #expect(texts.count { $0.contains("arena 0x") } == 4)
    for name in ["used", "tcache", "large bin", "top", "damaged"] {
      #expect(texts.contains { $0 == name })
    }
    // Nothing is drawn beyond the edge.
    let width = try #require(drawing.firstMatch(of: /width="(\d+)" height/).flatMap { Int($0.1) })
    let cells = drawing.matches(of: /<rect x="(\d+)" y="\d+" width="(\d+)"/)
    #expect(cells.count > 400)
    for cell in cells { #expect((Int(cell.1) ?? 0) + (Int(cell.2) ?? 0) <= width) }
  }

  @Test func saysWhatAnAddressIsIn() throws {
    let (core, listing) = try inspect("--chunks")
    #expect(listing.status == 0)
    func place(_ address: UInt64) throws -> String {
      let word = "0x" + String(address, radix: 16)
      return try Kilburn.run(["heap", "inspect", core.path, "--address", word]).output
    }
    let chunks = listing.output.split(separator: "\n").map {
      $0.split(separator: " ", maxSplits: 2)
    }
    #expect(chunks.count > 500 && chunks.allSatisfy { $0.count == 3 })
    for state in ["used", "tcache", "large bin", "mapped"] {
      let chunk = try #require(chunks.first { $0[2] == state })
      let address = try #require(UInt64(chunk[0].dropFirst(2), radix: 16))
      let size = try #require(UInt64(chunk[1].dropFirst(2), radix: 16))
      let said = try place(address + 24)
      let name = state == "mapped" ? "used" : state
      #expect(said.contains("in the chunk \(chunk[0]) of \(size) bytes, \(name): 8 bytes into"))
      #expect(try place(address + 8).contains("in its header"))
    }
    let own = try #require(chunks.first { $0[2] == "malloc's own" })
    #expect(try place(#require(UInt64(own[0].dropFirst(2), radix: 16))).contains("malloc's own"))
    #expect(try place(0x1000) == "0x1000 is in no heap of malloc's\n")
    let wrong = try Kilburn.run(["heap", "inspect", core.path, "--address", "here"])
    #expect(wrong.status == 1 && wrong.errors.contains("'here' is no address"))
  }

  @Test func jsonAddsUp() throws {
    let (_, result) = try inspect("--json")
    let json = try #require(
      JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(json["format"] as? String == "kilburn-heap")
    let arenas = try #require(json["arenas"] as? [[String: Any]])
    #expect(arenas.count == 4)
    for arena in arenas {
      let bytes = try #require(arena["bytes"] as? [String: Int])
      #expect(bytes.values.reduce(0, +) == arena["span"] as? Int)
    }
    #expect((json["mapped"] as? [Any])?.count == 2)
    #expect((json["caches"] as? [Any])?.count == 4)
    #expect(arenas.compactMap { $0["span"] as? Int }.reduce(0, +) == json["span"] as? Int)
  }

  /// What is missing of a core that was cut is named, with the file and the place in it.
  @Test func namesWhereACoreWasCut() throws {
    let core = try RecordedCore("static-4k")
    try core.truncate(core.size / 64)
    let result = try Kilburn.run(["heap", "inspect", core.path])
    #expect(result.status == 1)
    #expect(result.errors.contains("\(core.path): truncated: the memory at 0x"), "\(result.errors)")
    #expect(result.errors.contains("lies at offset 0x"))
  }
}
