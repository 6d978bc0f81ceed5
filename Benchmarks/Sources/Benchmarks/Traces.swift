import ArgumentParser
import Foundation
import ModelFloor

/// `kilburn replay` from files: of our own format beside the least that a model costs, of lackey's
/// text and of ChampSim's instructions as they come.
///
/// CPU time of the whole tool, of two parts of one file: what starting and the first faults cost is
/// in both, and goes out of the difference.
struct Traces: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "kilburn replay from files, beside a tight C loop of the same shapes.")

  @Option(help: "Millions of accesses.")
  var accesses = 32

  @Option(help: "Rounds; the best counts.")
  var rounds = 3

  /// What ChampSim said of itself: 250 M instructions (50 M of them to warm up) in 725 s, the
  /// baseline run of 450.soplex-92B in its repository, without prefetchers, LRU, one core.
  private static let champsim = 250e6 / 725

  func run() throws {
    let folder = Guest.checkout.appending(path: ".build/benchmarks")
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let core = folder.appending(path: "floor.yaml")
    try Self.core(to: core)
    let count = accesses * 1_000_000
    for stream in ["random", "sequential", "mixed"] {
      let addresses = Model.addresses(stream, count)
      let packed = addresses.enumerated().map { $1 << 1 | UInt64($0 & 1) }
      var floor = Double.infinity
      for _ in 0..<rounds {
        floor = min(floor, Model.seconds { _ = unsafe floor_core(packed, UInt64(packed.count)) })
      }
      let file = folder.appending(path: "stream.kmt")
      try OwnTrace.write(addresses, to: file)
      let own = try seconds(file, core, count)
      print(
        "own format, \(stream)",
        String(
          format: "%.2f ns an access, the floor %.2f, of it %.2f",
          own * 1e9, floor * 1e9 / Double(count), own * Double(count) / floor))
      try FileManager.default.removeItem(at: file)
    }
    let addresses = Model.addresses("mixed", count)
    let text = folder.appending(path: "stream.lackey")
    try Self.lackey(addresses, to: text)
    let lackey = try seconds(text, core, count)
    print(String(format: "lackey, mixed: %.1f million records a second", 1e-6 / lackey))
    try FileManager.default.removeItem(at: text)
    // An instruction has an access each second time, so there are 1.5 accesses an instruction.
    let file = folder.appending(path: "stream.champsim")
    try Self.champsim(addresses, to: file)
    let rate = 1 / (try seconds(file, core, count * 3 / 2) * 1.5)
    print(
      String(
        format: "ChampSim's format, mixed: %.1f million instructions a second, ChampSim %.2f: %.0f",
        rate * 1e-6, Self.champsim * 1e-6, rate / Self.champsim))
    try FileManager.default.removeItem(at: file)
  }

  /// CPU seconds of an access.
  private func seconds(_ file: URL, _ core: URL, _ count: Int) throws -> Double {
    let tool = Guest.checkout.appending(path: ".build/release/kilburn").path
    let short = count / 4
    var best = (short: Double.infinity, all: Double.infinity)
    for _ in 0..<rounds {
      let words = ["replay", file.path, "--core", core.path, "--ram", "1G", "--to"]
      let part = try Measured(tool, words + ["\(short)"])
      let all = try Measured(tool, words + ["\(count)"])
      guard part.status == 0, all.status == 0 else {
        throw ValidationError("kilburn replay: \(part.errors)\(all.errors)")
      }
      best.short = min(best.short, part.processorSeconds)
      best.all = min(best.all, all.processorSeconds)
    }
    return (best.all - best.short) / Double(count - short)
  }

  /// The Neoverse N1's file with the shapes of the floor: 64 entries of four ways, LRU everywhere, no
  /// walk cache.
  private static func core(to file: URL) throws {
    let tool = Guest.checkout.appending(path: ".build/release/kilburn").path
    var text = try Measured(tool, ["core", "neoverse-n1", "--file"]).output
    for (old, new) in [
      ("{value: 48, source", "{value: 64, source"), ("{value: full,", "{value: 4,"),
      ("{value: plru,", "{value: lru,"), ("cache_entries: {value: 64", "cache_entries: {value: 0"),
      ("name: neoverse-n1", "name: floor"),
    ] {
      text = text.replacingOccurrences(of: old, with: new)
    }
    // Address bits are no entries.
    text = text.replacingOccurrences(of: "pa_bits: {value: 64", with: "pa_bits: {value: 48")
    text = text.replacingOccurrences(of: "va_bits: {value: 64", with: "va_bits: {value: 48")
    try Data(text.utf8).write(to: file)
  }

  private static func lackey(_ addresses: [UInt64], to file: URL) throws {
    try BufferedFile.write(to: file) { out in
      for (index, address) in addresses.enumerated() {
        out.append(contentsOf: (index & 1 == 0 ? " L " : " S ").utf8)
        out.append(contentsOf: String(address, radix: 16).utf8)
        out.append(contentsOf: ",8\n".utf8)
        try out.spill()
      }
    }
  }

  private static func champsim(_ addresses: [UInt64], to file: URL) throws {
    try BufferedFile.write(to: file) { out in
      for (index, address) in addresses.enumerated() {
        var words = [UInt64](repeating: 0, count: 8)
        words[0] = 0x40_0000 + UInt64(index % 4096) * 4
        if index & 1 == 0 { words[index & 2 == 0 ? 4 : 2] = address }
        for word in words { out.append(fixed: word) }
        try out.spill()
      }
    }
  }
}

/// A file that is written in pieces.
struct BufferedFile {
  var content = BufferedNumbers()
  private let handle: FileHandle

  static func write(to file: URL, _ body: (inout BufferedFile) throws -> Void) throws {
    try Data().write(to: file)
    var out = BufferedFile(handle: try FileHandle(forWritingTo: file))
    try body(&out)
    try out.handle.write(contentsOf: out.content.bytes)
    try out.handle.close()
  }

  private init(handle: FileHandle) { self.handle = handle }

  mutating func append(contentsOf more: some Sequence<UInt8>) {
    content.bytes.append(contentsOf: more)
  }

  mutating func append<T: FixedWidthInteger>(fixed number: T) { content.append(number) }

  /// Writes what there is, once it is worth it.
  mutating func spill() throws {
    guard content.bytes.count > 1 << 20 else { return }
    try handle.write(contentsOf: content.bytes)
    content.bytes.removeAll(keepingCapacity: true)
  }
}
