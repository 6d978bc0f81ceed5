import Foundation
import Testing

/// The modules of cases (Modules/tests), and what their log says of each.
struct SanitizerCases {
  static let modules = ["kmalloc", "krealloc", "caches", "texts", "compiler", "vmalloc", "user"]

  /// By name: what was reported of the faulty one, and of its correct twin.
  var faulty: [String: [KASANReport]] = [:]
  var twins: [String: [KASANReport]] = [:]
  var log: String

  /// Builds modules, and runs a KASAN kernel for each, so that the log holds all that it says.
  ///
  /// A program loads them: some of their cases are about its memory.
  init(modules: [String], image: String, pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var log = ""
    for name in modules {
      let file = folder.appending(path: "kasan_\(name).ko").path
      let built = try Kilburn.execute(
        Kilburn.checkout.appending(path: "Scripts/build-module").path,
        ["--kasan", Kilburn.checkout.appending(path: "Modules/tests/kasan_\(name).c").path, file])
      try #require(built.status == 0, "\(built.errors)")
      let run = try Kilburn.run(
        ["run", "--kasan", "--show", "dmesg", "--kernel", image] + pages.options
          + ["--bind", "\(folder.path):/modules", "--", try GuestPrograms.program("insmod")]
          + ["/modules/kasan_\(name).ko"])
      try #require(run.status == 0, "\(name): \(run.errors.suffix(4000))")
      log += run.errors
    }
    self.log = log
    for match in log.matches(of: #/case (\w+) (faulty|twin) begins\n/#) {
      let name = String(match.1)
      let ending = "case \(name) \(match.2) ends\n"
      let end = try #require(
        log.range(of: ending, range: match.range.upperBound..<log.endIndex),
        "\(name) did not end")
      let reports = KASANReport.all(in: log[match.range.upperBound..<end.lowerBound])
      if match.2 == "faulty" { faulty[name] = reports } else { twins[name] = reports }
    }
  }

  /// Cases that Linux's test has not, and what they are to be called.
  static let own: [String: [(bug: String, access: String)]] = [
    "kmalloc_double_free": [("double-free", "Free")],
    "kmalloc_invalid_free": [("invalid-free", "Free")],
    "kmem_cache_uaf": [("use-after-free", "Read of size 1")],
    "kmem_cache_bulk_double_free": [("double-free", "Free")],
    "kasan_global_oob_left": [("global-out-of-bounds", "Read of size 1")],
    "kasan_global_oob_write": [("global-out-of-bounds", "Write of size 1")],
    "kasan_stack_oob_left": [("stack-out-of-bounds", "Read of size 1")],
    "kasan_stack_reused": [("stack-out-of-bounds", "Write of size 257")],
    "null_pointer": [("null-ptr-deref", "Read of size 8")],
    "user_pointer": [("user-memory-access", "Read of size 8")],
    "wild_pointer": [("wild-memory-access", "Read of size 8")],
    "vmalloc_uaf": [("vmalloc-out-of-bounds", "Read of size 8")],
    "vmap_oob": [("vmalloc-out-of-bounds", "Write of size 9")],
    "vmalloc_reused": [("vmalloc-out-of-bounds", "Write of size 20442")],
  ]

  /// Where a report differs from Linux's, and why.
  static let differences: [String: String] = [:]

  /// Cases that Linux did not run, and that cannot be here either.
  static let impossible: [String: String] = [
    "pagealloc_oob_right": "generic KASAN has no redzone between blocks of pages",
    "kmalloc_uaf3": "asks for tags: the memory is given out again at once",
    "kasan_bitops_tags": "kasan_bitops_generic for tags",
    "vmalloc_helpers_tags": "looks at tags of pointers",
    "vmap_tags": "looks at tags of pointers; vmap_oob is ours",
    "vm_map_ram_tags": "looks at tags of pointers; there is no vm_map_ram() here",
    "match_all_not_assigned": "about tags", "match_all_ptr_tag": "about tags",
    "match_all_mem_tag": "about tags",
  ]
}
