import Foundation
import Testing

/// `kilburn run --observe`: every access, once, and what it was.
@Suite(.serialized) struct ObserverTests {
  /// What a turn of a program's loop accesses.
  struct Case: CustomStringConvertible, Sendable {
    var kind: String
    var loads: Int
    var stores: Int
    var description: String { kind }

    static let all = [
      Case(kind: "nothing", loads: 0, stores: 0), Case(kind: "ldr", loads: 1, stores: 0),
      Case(kind: "ldrb", loads: 1, stores: 0), Case(kind: "str", loads: 0, stores: 1),
      // A register, or half of a vector, is an access (Arm ARM B2.2.1).
      Case(kind: "ldp", loads: 2, stores: 0), Case(kind: "ldpsw", loads: 2, stores: 0),
      Case(kind: "stp", loads: 0, stores: 2), Case(kind: "ldr-q", loads: 2, stores: 0),
      Case(kind: "str-q", loads: 0, stores: 2), Case(kind: "ldp-q", loads: 4, stores: 0),
      Case(kind: "stp-q", loads: 0, stores: 4), Case(kind: "ldr-s", loads: 1, stores: 0),
      Case(kind: "ld1", loads: 2, stores: 0), Case(kind: "ld1-lane", loads: 1, stores: 0),
      Case(kind: "ld1r", loads: 1, stores: 0), Case(kind: "ld4", loads: 16, stores: 0),
      Case(kind: "st2", loads: 0, stores: 4), Case(kind: "unaligned", loads: 1, stores: 0),
      Case(kind: "across-line", loads: 1, stores: 0),
      Case(kind: "across-page", loads: 1, stores: 0), Case(kind: "prefetch", loads: 0, stores: 0),
      Case(kind: "ldadd", loads: 1, stores: 1), Case(kind: "stadd", loads: 1, stores: 1),
      Case(kind: "swp", loads: 1, stores: 1), Case(kind: "cas-fails", loads: 1, stores: 1),
      Case(kind: "cas-swaps", loads: 2, stores: 1), Case(kind: "casp", loads: 2, stores: 2),
      Case(kind: "exclusive", loads: 1, stores: 1),
      Case(kind: "exclusive-pair", loads: 2, stores: 2),
      Case(kind: "exclusive-lost", loads: 0, stores: 0),
      Case(kind: "acquire", loads: 1, stores: 1), Case(kind: "clean", loads: 0, stores: 0),
      Case(kind: "clean-invalidate", loads: 0, stores: 0),
      Case(kind: "instructions", loads: 0, stores: 0),
      // It traps, and the kernel stores.
      Case(kind: "clear-line", loads: 0, stores: 0),
      Case(kind: "memset-own", loads: 0, stores: 512),
    ]
  }

  @Test(arguments: Case.all) func aTurnIsCountedExactly(_ test: Case) throws {
    let few = try observe(["accesses", test.kind, "1000"])
    let many = try observe(["accesses", test.kind, "2000"])
    #expect(many.accesses("user", "loads") - few.accesses("user", "loads") == test.loads * 1000)
    #expect(many.accesses("user", "stores") - few.accesses("user", "stores") == test.stores * 1000)
    #expect(few.disagreements == 0 && many.disagreements == 0)
  }

  /// Words of another instruction set are not taken for A64's.
  @Test(
    .enabled(if: CompatTests.hasCompiler, "gcc-arm-linux-gnueabihf is missing"),
    arguments: ["-mthumb", "-marm"])
  func turnsOf32BitProgramsAreCountedExactly(state: String) throws {
    let program = try CompatTests.compile(
      "accesses32", [state, "-march=armv8-a+simd"], in: GuestPrograms.sources)
    defer { try? FileManager.default.removeItem(atPath: program) }
    let options = ["--observe", "--core", "cortex-a72"]
    for test in [
      Case(kind: "ldr", loads: 1, stores: 0), Case(kind: "ldr-2048", loads: 1, stores: 0),
      Case(kind: "ldrd", loads: 2, stores: 0), Case(kind: "stm", loads: 0, stores: 4),
      Case(kind: "exclusive", loads: 1, stores: 1),
      Case(kind: "exclusive-byte", loads: 1, stores: 1),
      Case(kind: "exclusive-double", loads: 1, stores: 1),
      Case(kind: "exclusive-lost", loads: 0, stores: 0),
    ] {
      let few = try observe(["accesses32", test.kind, "1000"], options, program)
      let many = try observe(["accesses32", test.kind, "2000"], options, program)
      for (kind, expected) in [("loads", test.loads), ("stores", test.stores)] {
        let counted = many.accesses("user", kind) - few.accesses("user", kind)
        #expect(counted == expected * 1000, "\(state) \(test) \(kind)")
      }
    }
  }

  /// The C library's memset stores zeros, as it does everything else: it has no DC ZVA.
  @Test func memsetOfZerosStoresThem() throws {
    let zeros = try storesOfMemset("memset-0")
    #expect(zeros >= 512 && zeros <= 530, "\(zeros)")
    #expect(try storesOfMemset("memset-1") == zeros)
  }

  private func storesOfMemset(_ kind: String) throws -> Int {
    let few = try observe(["accesses", kind, "1000"])
    let many = try observe(["accesses", kind, "2000"])
    let (stores, rest) = (many.accesses("user", "stores") - few.accesses("user", "stores"))
      .quotientAndRemainder(dividingBy: 1000)
    // Spilled registers aside, which are the same each turn.
    #expect(rest == 0)
    return stores
  }

  /// Whoever watches changes nothing: the same instructions, to the last one.
  @Test(arguments: ["4K", "16K", "64K"]) func anObservedRunIsTheSameRun(pageSize: String) throws {
    let program = try GuestPrograms.program("growth")
    let plain = try counts(["run", "--page-size", pageSize, "--", program])
    let observed = try counts(["run", "--page-size", pageSize, "--observe", "--", program])
    #expect(plain == observed)
  }

  /// Every translation is asked of three: the CPU, our walker, the model.
  @Test(arguments: ["4K", "16K", "64K"]) func allTranslationsAgree(pageSize: String) throws {
    let program = try GuestPrograms.program("growth")
    let checked = try observe(["growth"], ["--page-size", pageSize, "--observe-check"], program)
    #expect(checked.disagreements == 0)
    let number = try #require(checked.hardware["checked"] as? Int)
    #expect(number > 10_000)
    // Checked or not, the model counts the same.
    let plain = try observe(["growth"], ["--page-size", pageSize, "--observe"], program)
    for who in ["user", "kernel"] {
      let (a, b) = (checked.hardware[who] as? NSDictionary, plain.hardware[who] as? NSDictionary)
      #expect(a == b)
    }
  }

  @Test func theReportSaysWhereAndWho() throws {
    let program = try GuestPrograms.program("growth")
    let run = try Kilburn.run(["run", "--observe", "--", program])
    for part in [
      "Memory hardware of neoverse-n1", "program loads", "kernel stores", "estimated cycles",
      "By what is mapped", "Functions that miss most", "Kernel, by cause", "(page faults)",
    ] { #expect(run.errors.contains(part), "\(part)") }
  }

  @Test func aCoreWithoutHardwareIsRefused() throws {
    let program = try GuestPrograms.program("growth")
    let run = try Kilburn.run(["run", "--core", "max", "--observe", "--", program])
    #expect(run.status == 64)
    #expect(run.errors.contains("does not describe"), "\(run.errors)")
  }

  /// What is recorded is what was counted, and the file is whole.
  @Test func aRecordingHasEveryAccess() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "growth.kmt")
    let program = try GuestPrograms.program("growth")
    let observed = try observe(["growth"], ["--record", file.path], program)
    var counted = 0
    for who in ["user", "kernel"] {
      for kind in ["loads", "stores", "instructions", "clears"] {
        counted += observed.accesses(who, kind)
      }
    }
    let bytes = [UInt8](try Data(contentsOf: file))
    #expect(bytes.starts(with: Array("KLBMEMT\n".utf8)))
    // The last chunk says how many there are (Documentation/MemoryTrace.md).
    let end = bytes.suffix(64)
    #expect(end.first == UInt8(ascii: "Z"))
    let number = end.dropFirst(40).prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(number >= counted && counted > 100_000, "\(number), \(counted)")
  }

  /// Programs by themselves, and with the kernel beside them.
  @Test func whatTheKernelCostsIsSaid() throws {
    let program = try GuestPrograms.program("growth")
    let observed = try observe(["growth"], ["--observe-apart"], program)
    let alone = try #require(observed.hardware["alone"] as? [String: Any])
    let walks = try #require(alone["walks"] as? Int)
    #expect(walks > 0)
  }

  @Test func aFileThatCannotBeRecordedIsNamed() throws {
    let program = try GuestPrograms.program("growth")
    let run = try Kilburn.run(["run", "--record", "/nowhere/at/all.kmt", "--", program])
    #expect(run.status == 125)
    #expect(run.errors.contains("/nowhere/at/all.kmt"), "\(run.errors)")
  }

  // MARK: Running

  struct Observed {
    var hardware: [String: Any]
    var disagreements: Int { hardware["disagreements"] as? Int ?? -1 }

    func accesses(_ who: String, _ kind: String) -> Int {
      let kinds = hardware[who] as? [String: Any]
      return (kinds?[kind] as? [String: Any])?["accesses"] as? Int ?? -1
    }
  }

  private func observe(
    _ words: [String], _ options: [String] = ["--observe"], _ program: String? = nil
  ) throws -> Observed {
    let path = try program ?? GuestPrograms.program(words[0])
    let object = try json(["run", "--quiet"] + options, [path] + words.dropFirst())
    return Observed(hardware: try #require(object["hardware"] as? [String: Any]))
  }

  private func counts(_ words: [String]) throws -> NSDictionary {
    let split = try #require(words.firstIndex(of: "--"))
    let object = try json(Array(words[..<split]), Array(words[(split + 1)...]))
    return try #require(object["instructions"] as? NSDictionary)
  }

  private func json(_ options: [String], _ command: [String]) throws -> [String: Any] {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "run.json")
    let run = try Kilburn.run(options + ["--json", file.path, "--"] + command)
    let data = try #require(try? Data(contentsOf: file), "\(run.errors)")
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }
}
