import Foundation
import Testing

/// `--aslr`: the same seed places alike, another elsewhere, and nothing lies where Linux's
/// randomisation could not have placed it.
@Suite(.serialized) struct RandomisationTests {
  /// How the program is linked, which decides where it and its heap may lie.
  enum Linking: String, CaseIterable {
    case fixed, movableAlone, movableWithInterpreter

    var flags: [String] {
      switch self {
      case .fixed: ["-O1", "-w", "-static"]
      case .movableAlone: ["-O1", "-w", "-static-pie", "-fPIE"]
      case .movableWithInterpreter: ["-O1", "-w", "-pie", "-fPIE"]
      }
    }
  }

  /// One line of the program.
  struct Places: Equatable {
    var stack, pointer, top, heap, program, data: UInt64
  }

  @Test(arguments: Pages.all, Linking.allCases)
  func placesAreThoseOfTheSeedAndOfLinux(pages: Pages, linking: Linking) throws {
    let still = try places(pages, linking, seed: nil)
    #expect(Set(still.map(\.stack)).count == 1)
    var seen: [[Places]] = []
    for seed: UInt64 in [0, 1, 0xffff_ffff_ffff_ffff] {
      let first = try places(pages, linking, seed: seed)
      #expect(first == (try places(pages, linking, seed: seed)), "seed \(seed)")
      for round in 0..<2 { try check(first[round], still[0], pages, linking, "seed \(seed)") }
      // Each execution draws anew; a process that refused is placed as without the option.
      #expect(first[0].stack != first[1].stack && first[0].top != first[1].top)
      #expect(first[2] == still[2])
      seen.append(Array(first[0..<2]))
    }
    for one in [\Places.stack, \.pointer, \.top, \.heap] {
      let values = Set(seen.joined().map { $0[keyPath: one] })
      #expect(values.count == 6, "\(pages) \(linking): \(values)")
    }
    let programs = Set(seen.joined().map(\.program))
    #expect(programs.count == (linking == .fixed ? 1 : 6), "\(pages) \(linking): \(programs)")
  }

  /// A 32-bit program has less room, and is moved less.
  @Test(
    .enabled(if: CompatTests.hasCompiler, "gcc-arm-linux-gnueabihf is missing"),
    arguments: [0, 1, 77] as [UInt64])
  func compatPlacesAreThoseOfTheSeedAndOfLinux(seed: UInt64) throws {
    let target = try GuestPrograms.folder().appending(path: "placed").path
    let source = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Programs/placed.c")
    let compiled = try Kilburn.execute(
      CompatTests.compiler, ["-O1", "-static", "-w", "-mthumb", "-o", target, source.path])
    try #require(compiled.status == 0, "\(compiled.errors)")
    let core = ["--core", "cortex-a72"]
    let still = try places(target, core, seed: nil)
    let found = try places(target, core, seed: seed)
    #expect(found == (try places(target, core, seed: seed)))
    #expect(found[2] == still[2])
    #expect(found[0].stack != found[1].stack && found[0].heap != found[1].heap)
    let top: UInt64 = 0xffff_0000
    for one in found[0..<2] {
      #expect(one.stack <= top && top - one.stack < 8 << 20 && one.stack % 4096 == 0)
      #expect(one.stack - one.pointer < 3 * 4096)
      let base = top - (128 << 20)
      #expect(one.top <= base && base - one.top < 8 << 20 && one.top % 4096 == 0)
      let heap = still[0].heap + 4096
      #expect(one.heap >= heap && one.heap - heap < 32 << 20 && one.heap % 4096 == 0)
      #expect(one.program == still[0].program)
    }
  }

  @Test func whatTheMachineSaysOfIt() throws {
    let program = try GuestPrograms.program("show")
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for (words, expected) in [(["--aslr", "7"], "\"aslr\": \"7\""), ([], "\"aslr\": null")] {
      let report = folder.appending(path: "report.json")
      let run = try Kilburn.run(
        ["run", "--quiet", "--json", report.path] + words + ["--", program])
      #expect(run.errors.isEmpty, "\(run)")
      #expect(try String(contentsOf: report, encoding: .utf8).contains(expected))
    }
  }

  /// The bounds of `randomize_stack_top()`, `mmap_base()`, `arch_mmap_rnd()`, `load_elf_binary()`
  /// and `arch_randomize_brk()`, with the least bits of randomness, the default.
  private func check(
    _ found: Places, _ still: Places, _ pages: Pages, _ linking: Linking, _ of: Comment
  ) throws {
    let page = try #require(UInt64(pages.size.dropLast())) << 10
    let end = UInt64(1) << (try #require(UInt64(pages.bits)))
    let gigabyte = UInt64(1) << 30
    let stackShift = gigabyte - page
    #expect(found.stack % page == 0 && found.stack <= end, of)
    #expect(end - found.stack <= stackShift, of)
    // Strings and vectors, the page that the pointer is drawn in, and no more.
    #expect(found.stack - found.pointer < 2 * page + 4096, of)

    let base = end - (8 << 20) - 256 * page - stackShift
    #expect(found.top % page == 0 && found.top <= base, of)
    // A static PIE may ask for an alignment of 64K.
    #expect(base - found.top < gigabyte + (1 << 16), of)

    let dynamicBase = end / 3 * 2
    let programSize = still.data - still.program
    #expect(found.data - found.program == programSize, of)
    switch linking {
    case .fixed:
      #expect(found.program == 0x400000, of)
      #expect(found.heap >= still.heap + page && found.heap - still.heap < gigabyte + page, of)
    case .movableAlone:
      // It lies in the mmap area itself, its heap by itself.
      #expect(found.program < found.top && found.top - found.program < 4 << 20, of)
      #expect(found.heap >= dynamicBase && found.heap - dynamicBase < gigabyte + page, of)
    case .movableWithInterpreter:
      #expect(found.program + (1 << 16) > dynamicBase, of)
      #expect(found.program < dynamicBase + gigabyte, of)
      let wasBehind = still.heap - still.program
      let isBehind = found.heap - found.program
      #expect(isBehind >= wasBehind + page && isBehind - wasBehind < gigabyte + page, of)
    }
    #expect(found.heap % page == 0, of)
  }

  /// What the three executions print.
  private func places(
    _ pages: Pages, _ linking: Linking, seed: UInt64?
  ) throws -> [Places] {
    let source = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Programs/placed.c")
    let program = try GuestPrograms.compile(source, "placed-\(linking.rawValue)", linking.flags)
    let loader =
      linking == .movableWithInterpreter ? ["--sysroot", "/usr/aarch64-linux-gnu"] : []
    return try places(program, pages.options + loader, seed: seed)
  }

  private func places(
    _ program: String, _ options: [String], seed: UInt64?
  ) throws -> [Places] {
    var words = ["run", "--quiet"] + options
    if let seed { words += ["--aslr", "\(seed)"] }
    let run = try Kilburn.run(words + ["--", program])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
    let lines = run.output.split(separator: "\n")
    try #require(lines.count == 3, "\(run)")
    return try lines.map { line in
      let words = line.split(separator: " ")
      try #require(words.count == 7 && words[6] == "right", "\(line)")
      let values = try words.dropLast().map { try #require(UInt64($0, radix: 16)) }
      return Places(
        stack: values[0], pointer: values[1], top: values[2], heap: values[3],
        program: values[4], data: values[5])
    }
  }
}
