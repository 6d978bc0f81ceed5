import Foundation
import ProbeComparison
import Testing

/// A module goes wrong; the report is Linux's, and the machine goes on.
@Suite struct OopsTests {
  /// A recorded crash, and what `Documentation/Theory/Oopses.md` says of ours.
  struct Case: CustomStringConvertible, Sendable {
    var variant: String
    var name: String
    /// Why ours is not the same; nil where it is.
    var reason: String?

    var description: String { "\(variant)/\(name)" }

    func recorded() throws -> OopsReport {
      let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Oopses/\(variant)/\(name).txt")
      return OopsReport(try String(contentsOf: file, encoding: .utf8))
    }
  }

  /// The rows of the table.
  static let table: [Case] = {
    let file = Checkout.folder.appending(path: "Documentation/Theory/Oopses.md")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").compactMap { line in
      guard let row = line.wholeMatch(of: #/\| (\w+) \| `([A-Z_]+)` \| (.*?) \|/#) else {
        return nil
      }
      let said = String(row.output.3)
      return Case(
        variant: String(row.output.1), name: String(row.output.2),
        reason: said == "equal" ? nil : said)
    }
  }()

  /// What a module of the variant is built with, as the recorded kernel was.
  static func options(_ variant: String) -> [String] {
    switch variant {
    case "hardened":
      [
        "-DCONFIG_DEBUG_LIST", "-DCONFIG_FORTIFY_SOURCE", "-DCONFIG_HARDENED_USERCOPY",
        "-DCONFIG_STACKPROTECTOR", "-fstack-protector-strong",
      ]
    case "bugverbose": ["-DCONFIG_DEBUG_BUGVERBOSE"]
    default: []
    }
  }

  static let modules = Modules()
  /// The modules, each built once.
  final class Modules: @unchecked Sendable {
    private let lock = NSLock()
    private var built: [String: String] = [:]

    func file(_ variant: String) throws -> String {
      try lock.withLock {
        if let file = built[variant] { return file }
        let folder = try GuestPrograms.folder()
        let file = folder.appending(path: "crash.ko").path
        let made = try Kilburn.execute(
          Kilburn.checkout.appending(path: "Scripts/build-module").path,
          options(variant) + [
            Kilburn.checkout.appending(path: "Modules/tests/crash.c").path, file,
          ])
        try #require(made.status == 0, "\(made.errors)")
        built[variant] = file
        return file
      }
    }
  }

  /// Has a child load the module; the log, and how the child ended.
  ///
  /// The linear map is by pages, as the recorded kernel had it.
  static func crash(
    _ name: String..., variant: String = "plain", options: [String] = []
  ) throws -> (status: Int32, text: String) {
    let run = try Kilburn.run(
      ["run", "--show", "dmesg", "--rodata", "full"] + options
        + ["--bind", "\(try modules.file(variant)):/crash.ko"]
        + ["--", try GuestPrograms.program("lkdtm"), "/crash.ko"] + name)
    let log = run.errors.split(separator: "\n").drop { !$0.contains("Performing direct entry") }
    return (run.status, (log + [Substring(run.output)]).joined(separator: "\n"))
  }

  @Test func everyRecordedCrashIsInTheTable() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Oopses")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".txt")
    }
    #expect(files.count == 80)
    #expect(Set(files) == Set(Self.table.map { "\($0.description).txt" }))
    #expect(files.count == Self.table.count)
    for row in Self.table {
      guard let reason = row.reason else { continue }
      #expect(reason.wholeMatch(of: #/(not the same|not here): .{10,}/#) != nil, "\(row)")
    }
  }

  @Test(arguments: table.filter { $0.reason == nil })
  func theReportIsLinuxs(crash: Case) throws {
    let (status, text) = try Self.crash(crash.name, variant: crash.variant)
    let recorded = try crash.recorded()
    #expect(OopsReport(text) == recorded, "\(text)")
    let isPanic = recorded.lines.contains { $0.hasPrefix("Kernel panic") }
    #expect(status == (isPanic ? 125 : 0))
  }

  /// A row that gives a reason is to be taken out when the reason is gone.
  @Test(arguments: table.filter { $0.reason?.hasPrefix("not the same: ") == true })
  func whatDiffersDoes(crash: Case) throws {
    let (_, text) = try Self.crash(crash.name, variant: crash.variant)
    #expect(OopsReport(text) != (try crash.recorded()), "\(text)")
  }

  /// The settings that make a panic of an oops or of a warning, and the words they do it with.
  @Test(arguments: [
    (["panic_on_oops=1", "WRITE_RO"], "Oops: Fatal exception"),
    (["panic_on_oops=1", "BUG"], "Oops - BUG: Fatal exception"),
    (["panic_on_warn=1", "WARNING"], "kernel: panic_on_warn set ..."),
    (["oops_limit=2", "BUG", "BUG"], "Oopsed too often (kernel.oops_limit is 2)"),
    (["warn_limit=2", "WARNING", "WARNING"], "Warned too often (kernel.warn_limit is 2)"),
  ])
  func aPanicEndsTheMachineAndTheLogIsShown(words: [String], why: String) throws {
    let run = try Kilburn.run(
      ["run", "--show", "dmesg", "--bind", "\(try Self.modules.file("plain")):/crash.ko"]
        + ["--", try GuestPrograms.program("lkdtm"), "/crash.ko"] + words)
    #expect(run.status == 125)
    #expect(run.errors.contains("kilburn: lkdtm was running when the kernel died"))
    let log = run.errors.split(separator: "\n").drop { $0 != "dmesg" }
    #expect(log.contains { $0.hasSuffix("Kernel panic - not syncing: \(why)") }, "\(run.errors)")
    #expect(log.contains { $0.contains("Booting Linux on physical CPU") })
    #expect(log.last?.hasSuffix("Memory Limit: none") == true)
  }

  /// A second oops says that there was a first, and so does a warning behind one.
  @Test func whatHappenedBeforeIsSaid() throws {
    let (status, text) = try Self.crash("WARNING", "WRITE_RO", "BUG")
    #expect(status == 0)
    #expect(text.contains("Tainted: G        W          6.1.192-"))
    #expect(text.contains("Tainted: G      D W          6.1.192-"))
    #expect(text.contains("[#2] SMP"))
  }

  /// Exceptions that LKDTM does not make: Linux's words by its source.
  @Test(arguments: [
    ("UNDEFINED", "Internal error: Oops - Undefined instruction: 0000000002000000 [#1] SMP", 0),
    ("BREAK", "Internal error: BRK handler: 00000000f2000123 [#1] SMP", 0),
    ("MISALIGNED_PC", "Internal error: SP/PC alignment exception: 000000008a000000 [#1] SMP", 0),
    (
      "SUPERVISOR_CALL",
      "Unhandled 64-bit el1h sync exception on CPU0, ESR 0x0000000056000000 -- SVC (AArch64)", 125
    ),
    ("MISALIGNED_ATOMIC", "Unable to handle kernel paging request at virtual address", 0),
    ("BETWEEN", "address between user and kernel address ranges", 0),
  ])
  func otherExceptionsHaveLinuxsWords(name: String, words: String, status: Int32) throws {
    let (ended, text) = try Self.crash(name)
    #expect(ended == status)
    #expect(text.contains(words), "\(text)")
  }

  /// What keeps the kernel from programs' memory is PAN, where the core has it, as in a Linux without
  /// CONFIG_ARM64_SW_TTBR0_PAN; PXN every core has.
  @Test(arguments: [("cortex-a53", false), ("cortex-a72", false), ("cortex-a76", true)])
  func programsMemoryIsGuardedByPAN(core: String, hasPAN: Bool) throws {
    let (_, access) = try Self.crash("ACCESS_USERSPACE", options: ["--core", core])
    #expect(access.contains("access to user memory outside uaccess routines") == hasPAN)
    #expect(access.contains("FAIL: survived bad read") != hasPAN)
    let (_, execution) = try Self.crash("EXEC_USERSPACE", options: ["--core", core])
    #expect(execution.contains("execution of user memory"))
    #expect(execution.contains(hasPAN ? "+PAN" : "-PAN"))
  }

  /// A module's code has interrupts open; one that comes waits until the kernel returns.
  @Test func anInterruptWaitsForTheModulesEnd() throws {
    let (status, text) = try Self.crash("INTERRUPTED")
    #expect(status == 0)
    #expect(text.contains("crash: survived"))
    #expect(text.hasSuffix("-- alarm\n-- child: write returned, exit 0\n"), "\(text)")
  }

  /// On every page size the fault is found, by the name that Linux has for it.
  @Test(arguments: Pages.all)
  func everyPageSizeIsEnforced(pages: Pages) throws {
    for (name, words) in [
      ("WRITE_KERNEL_TEXT", "write to read-only memory"),
      ("WRITE_KERNEL_DATA", "write to read-only memory"),
      ("EXEC_DATA", "execute from non-executable"), ("EXEC_STACK", "execute from non-executable"),
      ("EXEC_KMALLOC", "execute from non-executable"),
      ("EXEC_VMALLOC", "execute from non-executable"),
      ("EXEC_USERSPACE", "execution of user memory"),
      ("ACCESS_USERSPACE", "access to user memory outside uaccess routines"),
      ("VMALLOC_LINEAR_OVERFLOW", "paging request"),
      ("EXCEPTION", "NULL pointer dereference"), ("UNMAPPED", "paging request"),
      ("BETWEEN", "address between user and kernel address ranges"),
    ] {
      let (status, text) = try Self.crash(name, options: pages.options)
      #expect(status == 0)
      #expect(text.contains(words), "\(name): \(text)")
    }
  }
}
