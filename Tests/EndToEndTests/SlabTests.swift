import Foundation
import Testing

/// `kilburn slab`, and what the machine says of its caches.
@Suite struct SlabTests {
  @Test(arguments: ["4K", "16K", "64K"]) func slabsAreWhatMeminfoCounts(page: String) throws {
    let program = try GuestPrograms.program("show")
    let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    let run = try Kilburn.run([
      "run", "-q", "--page-size", page, "--show", "slabinfo,meminfo", "--json", file.path, program,
      "/proc/version",
    ])
    #expect(run.status == 0, "\(run)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    let texts = try #require(json["texts"] as? [String: String])
    let kilobytes = try #require(Int(page.dropLast()))
    let slabs = try #require(texts["slabinfo"]).split(separator: "\n").dropFirst(2)
    let pages = slabs.reduce(0) { sum, line in
      let words = line.split(separator: " ")
      return sum + (Int(words[14]) ?? 0) * (Int(words[5]) ?? 0)
    }
    var figures: [String: Int] = [:]
    for line in try #require(texts["meminfo"]).split(separator: "\n") {
      let words = line.split(separator: " ")
      figures[String(words[0].dropLast())] = Int(words[1])
    }
    let slab = try #require(figures["Slab"])
    #expect(figures["SReclaimable"].map { $0 + (figures["SUnreclaim"] ?? 0) } == slab)
    // Counters are told late (at most 125 pages of each), and large buffers are no cache's.
    #expect(abs(slab - pages * kilobytes) <= 250 * kilobytes, "\(slab), \(pages) pages")
    #expect(pages > 20 && (figures["Percpu"] ?? 0) >= kilobytes)
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
      (["--page-size", "4K,16K", "--", "/bin/true"], "caches are shown of one machine"),
    ] {
      let run = try Kilburn.run(["slab"] + words)
      #expect(run.status != 0 && run.errors.contains(cause), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }
}
