import Foundation
import Testing

/// The heaps of Debian's own programs in the machine: every byte of them is accounted for.
@Suite(.serialized) struct HeapInspectionTests {
  static let programs = [
    ["/usr/bin/lua5.4", "-e", "t={} for i=1,5000 do t[i]={i} end print(#t)"],
    [
      "/usr/bin/sqlite3", ":memory:",
      "create table t(a); insert into t values(randomblob(99)); select count(*) from t;",
    ],
    ["/usr/bin/python3", "-c", "d={i:str(i)*3 for i in range(9000)}; print(len(d))"],
  ]

  @Test(arguments: programs, ["exit", "exit_group"])
  func accountsForEveryByte(program: [String], moment: String) throws {
    let sysroot = Kilburn.checkout.appendingPathComponent(".build/sysroot").path
    let result = try Kilburn.run(
      ["heap", "inspect", "--json", "--sysroot", sysroot]
        + (moment == "exit" ? ["--at", moment] : ["--at-call", moment]) + ["--"] + program)
    #expect(result.status == 0, "\(result.errors)")
    let json = try #require(
      JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let span = try #require(json["span"] as? Int)
    #expect(span > 100_000)
    #expect(json["accounted"] as? Int == span)
    #expect((json["damage"] as? [Any])?.isEmpty == true)
    #expect((json["caches"] as? [Any])?.count == 1)
  }

  /// A program stops at a function of its own, the third time: two leaks of it are in its heap.
  @Test func stopsAtAFunction() throws {
    let program = try GuestPrograms.program("heap")
    let stopped = try Kilburn.run(
      ["heap", "inspect", "--at-address", "leak:3", "--", program])
    #expect(stopped.status == 0, "\(stopped.errors)")
    #expect(stopped.output.contains("was stopped at 0x"), "\(stopped.output)")
    // It prints only later.
    #expect(!stopped.errors.contains("0x"), "\(stopped.errors)")
    let unknown = try Kilburn.run(["heap", "inspect", "--at-address", "nothing", "--", program])
    #expect(unknown.status == 64 && unknown.errors.contains("no function of that name"))
    let never = try Kilburn.run(["heap", "inspect", "--at-address", "leak:500", "--", program])
    #expect(never.status == 1 && never.errors.contains("before it came there"), "\(never.errors)")
  }

  @Test func namesWhatIsNotThere() throws {
    #expect(try Kilburn.run(["heap", "inspect"]).status == 64)
    #expect(try Kilburn.run(["heap", "inspect", "--at-call", "fork", "--", "x"]).status == 64)
    let none = try Kilburn.run(["heap", "inspect", "/dev/null"])
    #expect(none.status == 1 && none.errors.contains("not a regular file"))
  }
}
