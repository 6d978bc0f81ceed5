import Foundation
import Testing

/// An object with one relocation in each 16 bytes, assembled, and linked by the GNU linker to the
/// addresses that the loader will give it.
final class LinkedObject {
  let file: [UInt8]
  /// Where code and data begin.
  let text: UInt64
  let data: UInt64
  /// The symbols' values.
  private(set) var exports: [String: UInt64] = [:]
  /// The line in each slot.
  private(set) var lines: [String: [String]] = [:]
  /// Whether the linker took it, and what it said.
  let isLinked: Bool
  let said: String
  private let folder: URL

  init(
    _ cases: [(form: LinkerTests.Form, value: Int64)], at base: UInt64, mayFail: Bool = false
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "kilburn-link-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let codes = cases.filter { !$0.form.isData }
    let words = cases.filter(\.form.isData)
    // Code begins the module, and data the part that is written to: a page further on, and one more
    // for veneers if code is long.
    text = base
    let pages = UInt64(codes.count + 1) * 16 / 4096 + 1
    data = base + pages * 4096
    var source = ".text\n.globl init_module\n.balign 16\ninit_module: ret\n"
    lines = [".text": ["ret"], ".data": []]
    for (section, entries, start) in [(".text", codes, text), (".data", words, data)] {
      source += section + "\n.balign 16\n"
      for entry in entries {
        let slot = lines[section]?.count ?? 0
        let symbol = "target\(exports.count)"
        let place = start + UInt64(slot) * 16
        exports[symbol] =
          entry.form.isRelative
          ? place &+ UInt64(bitPattern: entry.value) : UInt64(bitPattern: entry.value)
        let line = entry.form.line.replacing("target", with: symbol)
        source += line + "\n.balign 16\n"
        lines[section]?.append("\(entry.form.line) with \(entry.value)")
      }
    }
    source += """
      .section .modinfo,"a"
      .asciz "vermagic=magic"
      .asciz "name=linked"
      .asciz "license=GPL"
      .asciz "intree=Y"
      .section .gnu.linkonce.this_module,"aw"
      .zero 80
      .quad init_module, 0

      """
    try source.write(to: folder.appending(path: "a.s"), atomically: true, encoding: .utf8)
    let assembled = try Self.run(
      "aarch64-linux-gnu-as", ["-o", folder.path + "/a.o", folder.path + "/a.s"])
    try #require(assembled.status == 0, "\(assembled.said)")
    file = try Array(Data(contentsOf: folder.appending(path: "a.o")))
    let script = """
      SECTIONS {
        .text 0x\(String(text, radix: 16)) : { *(.text) }
        .data 0x\(String(data, radix: 16)) : { *(.data) }
        .module : { *(.gnu.linkonce.this_module) }
        .modinfo : { *(.modinfo) }
      }
      """
    try script.write(to: folder.appending(path: "a.ld"), atomically: true, encoding: .utf8)
    let result = try Self.run(
      "aarch64-linux-gnu-ld",
      ["-T", folder.path + "/a.ld", "-o", folder.path + "/a", folder.path + "/a.o"]
        + exports.map { "--defsym=\($0)=0x\(String($1, radix: 16))" })
    said = result.said
    isLinked = result.status == 0
    if !mayFail { try #require(isLinked, "\(said)") }
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// A section's bytes as the linker left them.
  func linked(_ section: String) throws -> [UInt8] {
    let copied = try Self.run(
      "aarch64-linux-gnu-objcopy",
      ["-O", "binary", "-j", section, folder.path + "/a", folder.path + "/bytes"])
    try #require(copied.status == 0, "\(copied.said)")
    return try Array(Data(contentsOf: folder.appending(path: "bytes")))
  }

  private static func run(_ program: String, _ arguments: [String]) throws -> (
    status: Int32, said: String
  ) {
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardError = errors
    try process.run()
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
  }
}
