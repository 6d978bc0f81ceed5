import Foundation
import Testing

/// Kernel modules of both compilers on every page size: loaded, used by one another, unloaded.
@Suite struct ModuleTests {
  /// Builds one of the example modules.
  static func module(_ name: String, _ options: [String], in folder: URL) throws -> String {
    let file = folder.appending(path: name + ".ko").path
    let built = try Kilburn.execute(
      Kilburn.checkout.appending(path: "Scripts/build-module").path,
      options + [
        Kilburn.checkout.appending(path: "Modules/examples/\(name).c").path, file,
      ])
    #expect(built.status == 0, "\(built.errors)")
    return file
  }

  @Test(arguments: Pages.all, [[], ["--clang"]])
  func modulesComeAndGo(pages: Pages, compiler: [String]) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let hello = try Self.module("hello", compiler, in: folder)
    let lender = try Self.module("lender", compiler, in: folder)
    let borrower = try Self.module("borrower", compiler, in: folder)
    let run = try Kilburn.run(
      ["run", "--module", hello + " count=2 who=you", "--module", lender]
        + ["--module", borrower + " amount=0x10", "--show", "modules"] + pages.options
        + ["--", try GuestPrograms.program("memory")])
    for text in [
      "hello: hello, you (2 of 2) from hello_init+0x0/", "borrower: 0 then 16, constant 7",
      "lender: lent 17", "hello: goodbye, you", "1 borrower, Live 0x", "All frames returned",
    ] {
      #expect(run.errors.contains(text), "no '\(text)' in \(run.errors)")
    }
  }
}
