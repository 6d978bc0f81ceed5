import Foundation
import Testing

/// What modules use of the kernel, and what the kernel shows of modules, from a program that loads
/// and unloads them (Programs/modules.c).
@Suite struct ModuleServiceTests {
  /// Builds a module of ours.
  static func module(
    _ name: String, _ options: [String] = [], in folder: URL, from place: String = "tests"
  ) throws -> String {
    let file = folder.appending(path: name + ".ko").path
    let built = try Kilburn.execute(
      Kilburn.checkout.appending(path: "Scripts/build-module").path,
      options + [Kilburn.checkout.appending(path: "Modules/\(place)/\(name).c").path, file])
    try #require(built.status == 0, "\(built.errors)")
    return file
  }

  /// Runs the program with words, the modules' folder bound.
  static func run(
    _ words: [String], _ folder: URL, _ options: [String] = []
  ) throws -> Kilburn.Result {
    try Kilburn.run(
      ["run", "--bind", "\(folder.path):\(folder.path)", "--show", "dmesg"] + options
        + ["--", try GuestPrograms.program("modules")] + words)
  }

  /// The frames that did not come back.
  ///
  /// One may be a table of the vmalloc region, which moves on while what is freed waits to be given
  /// back; the kernel keeps its tables.
  static func lostFrames(_ run: Kilburn.Result) -> Int {
    run.errors.firstMatch(of: #/(\d+) frames did not come back/#).flatMap { Int($0.output.1) } ?? 0
  }

  /// Copies from and to programs, deferred work, mappings, slabs, texts: the module looks itself.
  @Test(arguments: Pages.all, [[], ["--clang"]])
  func services(pages: Pages, compiler: [String]) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try Self.module("services", compiler, in: folder)
    let once = ["load", file, "buffer=@buffer constant=@constant nowhere=@nowhere"]
    let texts = ["/proc/vmallocinfo", "/proc/modules"]
    // Twice: what the first time makes for all time (tables, caches) is there the second.
    let run = try Self.run(
      once + ["memory", "remove", "services"] + texts.flatMap { ["keep", $0] }
        + ["load", file, "", "remove", "services"] + texts.flatMap { ["same", $0] },
      folder, pages.options)
    #expect(
      run.output == """
        load services.ko: done
        buffer: of the kernel
        remove services: done
        load services.ko: done
        remove services: done
        /proc/vmallocinfo: the same
        /proc/modules: the same

        """)
    #expect(run.errors.contains("services: 0 failures"), "\(run.errors)")
    #expect(run.errors.contains("services: deferred 106, work 2"))
    #expect(!run.errors.contains("services: FAIL"))
  }

  /// What an init function returns goes back to who called, and everything else as it was; the
  /// errnos and lines are those of a module like it on Linux 6.1.
  @Test func initThatFails() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try Self.module("failing", in: folder)
    let lender = try Self.module("lender", in: folder, from: "examples")
    let run = try Self.run(
      [
        "load", file, "", "keep", "/proc/vmallocinfo", "keep", "/proc/modules",
        "image", file, "result=-11", "load", file, "result=abc", "load", file, "result=0x100000000",
        "same", "/proc/vmallocinfo", "same", "/proc/modules",
        "load", file, "result=3", "load", file, "", "remove", "failing", "remove", "failing",
        "same", "/proc/vmallocinfo",
      ], folder, ["--module", lender])
    #expect(
      run.output == """
        load failing.ko: Input/output error
        image failing.ko: Resource temporarily unavailable
        load failing.ko: Invalid argument
        load failing.ko: Numerical result out of range
        /proc/vmallocinfo: the same
        /proc/modules: the same
        load failing.ko: done
        load failing.ko: File exists
        remove failing: done
        remove failing: No such file or directory
        /proc/vmallocinfo: the same

        """)
    for line in [
      "lender: loading out-of-tree module taints kernel.",
      "failing: module license 'Proprietary' taints kernel.",
      "Disabling lock debugging due to kernel taint",
      "failing: `abc' invalid for parameter `result'",
      "do_init_module: 'failing'->init suspiciously returned 3, it should follow 0/-E convention",
      "do_init_module: loading module anyway...", "failing: exit",
    ] {
      #expect(run.errors.contains(line), "no '\(line)' in \(run.errors)")
    }
    let log = run.errors.split(separator: "\ndmesg\n").last ?? ""
    #expect(log.ranges(of: "taints kernel.").count == 2)
    #expect(log.ranges(of: "failing: exit").count == 1)
    #expect(Self.lostFrames(run) <= 1)
  }

  /// One module uses another: it cannot go before its user; what is in `/proc/modules` and
  /// `/sys/module` has Linux's form.
  @Test func oneModuleUsesAnother() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let lender = try Self.module("lender", in: folder, from: "examples")
    let borrower = try Self.module("borrower", in: folder, from: "examples")
    let own = "/sys/module/lender"
    let run = try Self.run(
      [
        "load", borrower, "", "load", lender, "", "show", own + "/refcnt", "load", borrower,
        "amount=5", "show", own + "/refcnt", "show", "/proc/modules", "show", own + "/initstate",
        "show", own + "/coresize", "show", own + "/initsize", "show", own + "/taint", "show",
        own + "/version", "show", own + "/sections/.text", "show",
        "/sys/module/borrower/parameters/amount", "show",
        "/sys/module/borrower/sections/.init.text",
        "remove", "lender", "remove", "borrower", "remove", "lender", "show", own + "/refcnt",
      ], folder, ["--page-size", "4K"])
    let masked = run.output.replacing(#/0xffff[0-9a-f]{12}/#, with: "ADDRESS").replacing(
      #/\b\d{4,}\b/#, with: "SIZE")
    #expect(
      masked == """
        load borrower.ko: No such file or directory
        load lender.ko: done
        --- /sys/module/lender/refcnt
        0
        load borrower.ko: done
        --- /sys/module/lender/refcnt
        1
        --- /proc/modules
        borrower SIZE 0 - Live ADDRESS (O)
        lender SIZE 1 borrower, Live ADDRESS (O)
        --- /sys/module/lender/initstate
        live
        --- /sys/module/lender/coresize
        SIZE
        --- /sys/module/lender/initsize
        0
        --- /sys/module/lender/taint
        O
        --- /sys/module/lender/version
        not there
        --- /sys/module/lender/sections/.text
        ADDRESS
        --- /sys/module/borrower/parameters/amount
        5
        --- /sys/module/borrower/sections/.init.text
        ADDRESS
        remove lender: Resource temporarily unavailable
        remove borrower: done
        remove lender: done
        --- /sys/module/lender/refcnt
        not there

        """)
    #expect(run.errors.contains("borrower: Unknown symbol lend (err -2)"))
  }

  /// Addresses are for who may see them (`kptr_restrict`, CAP_SYSLOG), as on Linux.
  @Test func addressesAreNotForAll() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let lender = try Self.module("lender", in: folder, from: "examples")
    let run = try Self.run(
      [
        "load", lender, "", "show", "/proc/modules", "user", "show", "/proc/modules", "show",
        "/sys/module/lender/sections/.text", "show", "/proc/kallsyms", "remove", "lender",
      ], folder)
    #expect(run.output.contains(#/lender \d+ 0 - Live 0xffff[0-9a-f]{12} \(O\)\n/#))
    #expect(run.output.contains(#/lender \d+ 0 - Live 0x0{16} \(O\)\n/#))
    #expect(run.output.contains("/sections/.text\nnot there\n"))
    #expect(run.output.contains("\n0000000000000000 t image_start\n"))
    #expect(!run.output.contains(#/\nffff[0-9a-f]{12} [a-zA-Z] /#))
    #expect(run.output.contains("remove lender: Operation not permitted"))
  }

  /// A live module's parameters are files: read, and written where their permissions allow it.
  @Test func parametersAreFiles() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try Kilburn.run(
      [
        "run", "--module", try Self.module("lender", in: folder, from: "examples"), "--module",
        try Self.module("borrower", in: folder, from: "examples") + " amount=3", "--",
        try GuestPrograms.busybox(), "sh", "-c",
        """
        cd /sys/module/borrower/parameters
        cat amount; echo 0x20 > amount; cat amount
        echo x > amount; echo 99999999999 > amount; cat amount
        echo 1 > ../refcnt
        ls -a ../ /sys/module
        """,
      ])
    #expect(
      run.output == """
        3
        32
        32
        ../:
        .
        ..
        coresize
        initsize
        initstate
        parameters
        refcnt
        sections
        taint

        /sys/module:
        .
        ..
        borrower
        lender

        """)
    for text in ["Invalid argument", "Numerical result out of range", "Permission denied"] {
      #expect(run.errors.contains(text), "\(run.errors)")
    }
  }

  /// The symbols of the kernel and of modules, and that all of a module is under its name.
  @Test func kernelSymbols() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let lender = try Self.module("lender", in: folder, from: "examples")
    let run = try Kilburn.run(
      ["run", "--module", lender, "--", try GuestPrograms.busybox(), "cat", "/proc/kallsyms"])
    let lines = run.output.split(separator: "\n")
    #expect(lines.count > 1000)
    #expect(
      lines.allSatisfy { $0.wholeMatch(of: #/[0-9a-f]{16} [a-zA-Z] \S+(\t\[\w+\])?/#) != nil })
    #expect(lines.contains { $0.wholeMatch(of: #/ffff[0-9a-f]{12} T lend\t\[lender\]/#) != nil })
    #expect(
      lines.contains {
        $0.wholeMatch(of: #/ffff[0-9a-f]{12} [bBdD] lent_count\t\[lender\]/#) != nil
      })
    #expect(lines.contains { $0.hasSuffix(" t kernel_main") })
    let kernel = lines.filter { !$0.contains("[") }.map { $0.prefix(16) }
    #expect(kernel == kernel.sorted())
  }
}
