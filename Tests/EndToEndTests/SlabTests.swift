import Foundation
import Testing

/// `kilburn slab`, and what the machine says of its caches.
@Suite struct SlabTests {
  /// As it is on real Linux, where the same program finds the same on all three kernels.
  @Test(arguments: Pages.all) func figuresAreTheSumOfWhatTheyStandFor(pages: Pages) throws {
    let program = try GuestPrograms.compile(
      Kilburn.checkout.appending(path: "Tests/EndToEndTests/Programs/kernel-sums.c"),
      "kernel-sums", ["-O1", "-static", "-pthread", "-w"])
    let run = try Kilburn.run(["run", "-q"] + pages.options + ["--", program])
    #expect(run.status == 0, "\(run)")
    let lines = run.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(
      lines.map { String($0[0]) } == ["Slab", "Slab", "KernelStack", "PageTables", "VmallocUsed"])
    for line in lines {
      #expect(line.count == 3 && line[1] == line[2] && Int(line[1]) != nil, "\(run.output)")
    }
  }

  @Test(arguments: Pages.all) func modulesLeaveNothingBehind(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let small = try ModuleTests.module("hello", [], in: folder)
    let large = try ModuleTests.module("kcosts", [], in: folder)
    let program = try GuestPrograms.program("unload")
    let run = try Kilburn.run(
      ["run", "--bind", folder.path + ":/modules"] + pages.options
        + ["--", program, "/modules/hello.ko", "/modules/kcosts.ko"])
    #expect(run.status == 0 && run.output.hasSuffix(" 0 differences\n"), "\(run)")
    #expect(small.hasPrefix(folder.path) && large.hasPrefix(folder.path))
    #expect(run.errors.contains("All frames "), "\(run.errors)")
  }

  /// The caches that both kernels have lie in their slabs alike.
  @Test(arguments: [("4K", "48", 45), ("16K", "47", 53), ("64K", "42", 61)])
  func slabsAreCutAsOnLinux(page: String, bits: String, atLeast: Int) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Slabs/\(page).txt")
    var linux: [String: [Substring]] = [:]
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    where !line.hasPrefix("#") {
      let words = line.split(separator: " ")
      linux[String(words[0])] = Array(words[1...])
    }
    let run = try Kilburn.run(
      ["run", "-q", "--page-size", page, "--va-bits", bits, "--"]
        + [try GuestPrograms.program("show"), "/proc/slabinfo"])
    var equal = 0
    for line in run.output.split(separator: "\n").dropFirst(2) {
      let words = line.split(separator: " ")
      guard let theirs = linux[String(words[0])] else { continue }
      #expect(theirs == Array(words[3...5]), "\(words[0])")
      equal += 1
    }
    #expect(equal >= atLeast, "\(run)")
  }

  /// What `/sys/kernel/slab` has and takes, as Linux answers it.
  @Test func foldersOfCaches() throws {
    let script = """
      cd /sys/kernel/slab || exit 1
      for f in shrink validate min_partial cpu_partial; do
        for v in 0 1 2 7x -1 +3 99999999999; do
          (printf %s "$v" > kmalloc-128/$f) 2>/dev/null && printf "%s=%s " $f "$v"
        done
        cat kmalloc-128/$f
      done
      echo
      stat -c %a kmalloc-128/shrink kmalloc-128/slabs kmalloc-128
      (echo 1 > kmalloc-128/order) 2>/dev/null || echo read only
      readlink pid && cat pid/slab_size :A-0000128/object_size
      for d in :*; do [ -d $d ] && [ ! -L $d ] || echo "$d is no folder"; done
      [ -L kmalloc-128 ] || [ -L dentry ] || cat dentry/reclaim_account
      cat task_struct/destroy_by_rcu
      """
    let run = try Kilburn.run(["run", "-q", "--", try GuestPrograms.busybox(), "sh", "-c", script])
    #expect(
      run.output == """
        shrink=1 min_partial=0 min_partial=1 min_partial=2 min_partial=+3 min_partial=99999999999 \
        99999999999
        cpu_partial=0 cpu_partial=1 cpu_partial=2 cpu_partial=+3 3

        600
        400
        755
        read only
        :A-0000128
        128
        120
        1
        0

        """, "\(run)")
  }

  @Test func cachesOfARunAreShown() throws {
    let program = try GuestPrograms.program("show")
    let run = try Kilburn.run(["slab", "--sort", "name", "--", program, "/proc/slabinfo"])
    #expect(run.status == 0, "\(run)")
    #expect(run.output.hasPrefix("slabinfo - version: 2.1\n"), "the guest's own output")
    #expect(run.errors.contains(" of kernel objects\n"), "\(run.errors)")
    let names = run.errors.split(separator: "\n").compactMap { line in
      line.split(separator: " ").last.map(String.init)
    }
    for name in ["dentry", "task_struct", "vm_area_struct", "kmalloc-128", "kmem_cache"] {
      #expect(names.contains(name), "\(name)")
    }
    // What the guest read is a slabinfo that can be shown, too.
    let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID()).slabinfo")
    defer { try? FileManager.default.removeItem(at: file) }
    try run.output.write(to: file, atomically: true, encoding: .utf8)
    let shown = try Kilburn.run(["slab", "--file", file.path, "--json"])
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
    #expect(json["format"] as? String == "kilburn-slab" && json["pageSize"] as? Int == 4096)
  }

  @Test func whatCannotBeIsRefused() throws {
    for (words, cause) in [
      (["--sort", "colour"], "there is no order 'colour'"),
      (["--file", "/proc/self/status"], "it is no /proc/slabinfo"),
      (["--page-size", "4K,16K", "--", "/bin/true"], "slab is of one machine"),
    ] {
      let run = try Kilburn.run(["slab"] + words)
      #expect(run.status != 0 && run.errors.contains(cause), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }
}
