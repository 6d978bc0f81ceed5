import AddressSpaces
import Files
import Foundation
import MemoryTypes
import PageFrames
import ProcFS
import Tasks
import TestSupport
import Testing

/// `/sys/fs/cgroup`, beside what the recorded kernel answered to the same calls.
@Suite struct ControlGroupTests {
  static let top = "/sys/fs/cgroup/"

  private func expectWhole(_ proc: ProcReader) {
    let groups = proc.kernel.frames.pointee.checkGroups()
    let lists = proc.kernel.frames.pointee.checkLRU()
    #expect(groups == nil && lists == nil, "\(groups.map { "\($0)" } ?? "")")
  }

  private func expectGroups(_ proc: ProcReader, _ expected: Int) {
    let count = proc.kernel.frames.pointee.groups.count
    #expect(count == expected)
  }

  /// What was written to a file of group `a`, what came of it, and what the file said then.
  static let writes: [(file: String, text: String, errno: Errno?, then: String?)] = [
    ("memory.max", "64M", nil, "67108864\n"), ("memory.max", " 65M ", nil, "68157440\n"),
    ("memory.max", "abc", .EINVAL, "68157440\n"), ("memory.max", "-1", .EINVAL, nil),
    ("memory.max", "1x", .EINVAL, nil), ("memory.max", "0x10000", nil, "65536\n"),
    ("memory.max", "99999999999999999999999", nil, "200376420520685568\n"),
    ("memory.max", "max", nil, "max\n"), ("memory.max", "5000", nil, "4096\n"),
    ("memory.max", "1e", nil, "1152921504606846976\n"), ("memory.max", "max max", .EINVAL, nil),
    ("memory.max", "010", nil, "0\n"), ("memory.max", "1T2", .EINVAL, nil),
    ("memory.max", "1 M", .EINVAL, nil), ("memory.max", "max\n", nil, "max\n"),
    ("memory.oom.group", "1", nil, "1\n"), ("memory.oom.group", "2", .EINVAL, "1\n"),
    ("memory.oom.group", "x", .EINVAL, nil), ("memory.oom.group", "-1", .EINVAL, nil),
    ("memory.oom.group", "99999999999", .ERANGE, nil), ("memory.current", "1", .EINVAL, "0\n"),
    ("memory.reclaim", "0", nil, nil), ("memory.reclaim", "abc", .EINVAL, nil),
    ("memory.reclaim", "1M", .EAGAIN, nil), ("memory.swap.max", "5M", nil, "5242880\n"),
    ("memory.low", "3M", nil, "3145728\n"), ("memory.min", "max", nil, "max\n"),
    ("memory.high", "1M", nil, "1048576\n"), ("memory.swap.high", "0", nil, "0\n"),
    ("cgroup.procs", "99999", .ESRCH, nil), ("cgroup.procs", "x", .EINVAL, nil),
    ("cgroup.procs", "-1", .EINVAL, nil), ("cgroup.procs", "0 0", .EINVAL, nil),
    ("cgroup.threads", "99999", .ESRCH, nil), ("cgroup.max.depth", "3", nil, "3\n"),
    ("cgroup.max.depth", "max", nil, "max\n"), ("cgroup.max.depth", "-1", .ERANGE, nil),
    ("cgroup.max.depth", "x", .EINVAL, nil), ("cgroup.kill", "2", .ERANGE, nil),
    ("cgroup.kill", "x", .EINVAL, nil), ("cgroup.type", "threaded", .EOPNOTSUPP, "domain\n"),
    ("cgroup.type", "domain", .EINVAL, nil), ("cgroup.subtree_control", "+nothing", .EINVAL, nil),
    ("cgroup.subtree_control", "memory", .EINVAL, nil),
    ("cgroup.subtree_control", "+memory -memory", nil, "\n"),
    ("cgroup.subtree_control", "+memory", nil, "memory\n"), ("cgroup.events", "x", .EINVAL, nil),
    ("cgroup.max.descendants", String(repeating: "9", count: 600), .EINVAL, "max\n"),
    ("cgroup.max.descendants", String(repeating: "9", count: 5000), .E2BIG, "max\n"),
  ]

  @Test func whatIsWrittenIsTakenOrRefusedAsLinuxDoes() {
    let machine = GuestMachine()
    machine.observe { (proc, _) throws in
      try proc.make("a")
      for (file, text, errno, then) in Self.writes {
        let path = Self.top + "a/" + file
        let found = proc.errno { try proc.write(path, text) }
        #expect(found == errno, "\(file) <- \(text.prefix(20))")
        if let then { #expect(try proc.text(path) == then, "\(file) <- \(text.prefix(20))") }
      }
      let populated = try proc.text(Self.top + "a/cgroup.events")
      #expect(populated == "populated 0\nfrozen 0\n")
      try proc.remove("a")
    }
    machine.end()
  }

  @Test func foldersObeyTheRulesOfTheTree() {
    let machine = GuestMachine()
    machine.observe { (proc, guest) throws in
      let top = Self.top
      try proc.make("a")
      #expect(proc.errno { try proc.make("a") } == .EEXIST)
      #expect(proc.errno { try proc.make("x\ny") } == .EINVAL)
      #expect(proc.errno { try proc.remove("a/memory.max") } == .ENOTDIR)
      #expect(proc.errno { try proc.remove("") } == .EBUSY)
      try proc.write(top + "a/cgroup.max.depth", "1")
      try proc.make("a/b")
      #expect(try !proc.entries(top + "a/b").contains { $0.name == "memory.max" })
      #expect(proc.errno { try proc.make("a/b/c") } == .EAGAIN)
      #expect(proc.errno { try proc.remove("a") } == .EBUSY)
      try proc.write(top + "a/cgroup.max.descendants", "1")
      #expect(proc.errno { try proc.make("a/d") } == .EAGAIN)
      #expect(
        proc.errno { try proc.write(top + "a/b/cgroup.subtree_control", "+memory") } == .ENOENT)
      // Who has tasks shares nothing out, and who shares out has no tasks.
      try proc.write(top + "a/cgroup.procs", "0")
      #expect(proc.errno { try proc.write(top + "a/cgroup.subtree_control", "+memory") } == .EBUSY)
      try proc.write(top + "cgroup.procs", "0")
      try proc.write(top + "a/cgroup.subtree_control", "+memory")
      #expect(try proc.entries(top + "a/b").contains { $0.name == "memory.max" })
      #expect(proc.errno { try proc.write(top + "a/cgroup.procs", "0") } == .EBUSY)
      try proc.write(top + "a/b/cgroup.procs", "0")
      #expect(try proc.text("/proc/self/cgroup") == "0::/a/b\n")
      #expect(try proc.text(top + "a/cgroup.events") == "populated 1\nfrozen 0\n")
      #expect(proc.errno { try proc.remove("a/b") } == .EBUSY)
      try proc.write(top + "cgroup.procs", "0")
      #expect(try proc.text(top + "a/cgroup.events") == "populated 0\nfrozen 0\n")
      // A file that is open outlives its group, and says so.
      let file = try proc.files.pointee.open(
        kept(top + "a/b/cgroup.stat"), from: proc.files.pointee.root, [])
      try proc.remove("a/b")
      #expect(
        proc.errno { _ = try proc.files.pointee.read(file, ByteCount(9)) { $0.count } } == .ENODEV)
      proc.files.pointee.release(file)
      try proc.remove("a")
      expectWhole(proc)
    }
    machine.end()
  }

  /// Touched pages are charged ahead by 64, to the group alone and what is above; a child is where
  /// its parent is.
  @Test func pagesAreChargedToTheGroupOfWhoTouchesThem() {
    let machine = GuestMachine()
    machine.observe { (proc, guest) throws in
      let top = Self.top
      try proc.make("a")
      try proc.write(top + "a/cgroup.subtree_control", "+memory")
      try proc.make("a/b")
      try proc.write(top + "a/b/cgroup.procs", "0")
      let place = guest.memory(64 * 4096)
      func current(_ group: String) throws -> Int {
        Int(try proc.text(top + group + "/memory.current").dropLast()) ?? -1
      }
      let before = try current("a/b")
      for page in 0..<64 { guest.touch(place + UInt64(page) * 4096, write: true) }
      let after = try current("a/b")
      #expect(after % 4096 == 0 && after - before >= 0 && after >= 64 * 4096)
      #expect(try current("a") == after)
      #expect(try proc.text(top + "a/memory.stat").hasPrefix("anon \(64 * 4096)\n"))
      expectWhole(proc)
      // An area, at least, was made there.
      let slab = try proc.lines(top + "a/b/memory.stat").first { $0.hasPrefix("slab ") }
      #expect(slab != nil && slab != "slab 0")
      #expect(try proc.text(top + "a/b/memory.pressure").hasPrefix("some avg10=0.00 avg60=0.00"))
      try proc.write(top + "cgroup.procs", "0")
      // The group goes, its pages stay charged to its parent until they are freed.
      try proc.remove("a/b")
      #expect(try current("a") >= 64 * 4096)
      #expect(try proc.text(top + "cgroup.stat").hasSuffix("nr_dying_descendants 1\n"))
      #expect(guest.call(215, place, 64 * 4096) == 0)
      #expect(try current("a") < 8 * 4096)
      proc.kernel.frames.pointee.drainStock(ifWithin: nil)
      expectWhole(proc)
      try proc.remove("a")
    }
    machine.end()
  }

  /// A thousand groups, and one two hundred deep: nothing is left of them.
  @Test func manyGroupsAndDeepOnes() {
    let machine = GuestMachine()
    machine.observe { (proc, guest) throws in
      let top = Self.top
      _ = try proc.entries(top)
      for index in 0..<1000 { try proc.make("g\(index)") }
      #expect(try proc.entries(top).count > 1000)
      #expect(try proc.text(top + "cgroup.stat") == "nr_descendants 1000\nnr_dying_descendants 0\n")
      expectGroups(proc, 1000)
      for index in stride(from: 999, through: 0, by: -1) { try proc.remove("g\(index)") }
      expectGroups(proc, 0)
      var path = ""
      for _ in 0..<200 {
        path += path.isEmpty ? "d" : "/d"
        try proc.make(path)
        try proc.write(top + path + "/cgroup.subtree_control", "+memory")
      }
      // The table that the page comes into is not the group's.
      let place = guest.memory(8192)
      guest.touch(place, write: true)
      try proc.write(top + path + "/cgroup.subtree_control", "-memory")
      try proc.write(top + path + "/cgroup.procs", "0")
      guest.touch(place + 4096, write: true)
      #expect(try proc.text("/proc/self/cgroup") == "0::/" + path + "\n")
      #expect(try proc.text(top + "d/memory.current") == "262144\n")
      expectWhole(proc)
      try proc.write(top + "cgroup.procs", "0")
      while !path.isEmpty {
        try proc.remove(path)
        path = String(path.dropLast(path.count > 1 ? 2 : 1))
      }
      #expect(guest.call(215, place, 8192) == 0)
      proc.kernel.frames.pointee.drainStock(ifWithin: nil)
      _ = proc.kernel.frames.pointee.makeGroup(below: nil).map {
        proc.kernel.frames.pointee.endGroup($0)
      }
      expectGroups(proc, 0)
    }
    machine.end()
  }
}

extension ProcReader {
  func make(_ group: String) throws {
    try files.pointee.makeDirectory(
      kept(ControlGroupTests.top + group), from: files.pointee.root, permissions: 0o755)
  }

  func remove(_ group: String) throws {
    try files.pointee.removeDirectory(
      kept(ControlGroupTests.top + group), from: files.pointee.root)
  }
}
