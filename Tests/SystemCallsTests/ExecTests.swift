import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import PageFrames
import Tasks
import TestSupport
import Testing

/// exec: the initial stack and memory as Linux gives them, and files that are no programs.
@Suite struct ExecTests {
  /// What one configuration's `layout` probe printed on Linux 6.1 (shared/linux/probes).
  struct Recorded: Sendable {
    var pageSize: PageSize
    var vaBits: UInt64
    var stackPointer: UInt64
    var argument0: UInt64
    var random: UInt64
    var programName: UInt64
    var vdso: UInt64
    var stackArea: Range<UInt64>
  }

  static let recorded: [Recorded] = [
    Recorded(
      pageSize: .fourKiB, vaBits: 48, stackPointer: 0xffff_ffff_fe00,
      argument0: 0xffff_ffff_ffb6, random: 0xffff_ffff_ff98, programName: 0xffff_ffff_ffec,
      vdso: 0xffff_f7ff_f000, stackArea: 0xffff_fffd_f000..<0x1_0000_0000_0000),
    Recorded(
      pageSize: .sixteenKiB, vaBits: 47, stackPointer: 0x7fff_ffff_fe00,
      argument0: 0x7fff_ffff_ffb6, random: 0x7fff_ffff_ff98, programName: 0x7fff_ffff_ffec,
      vdso: 0x7fff_f7ff_c000, stackArea: 0x7fff_fffd_c000..<0x8000_0000_0000),
    Recorded(
      pageSize: .sixtyFourKiB, vaBits: 42, stackPointer: 0x3ff_ffff_fe00,
      argument0: 0x3ff_ffff_ffb6, random: 0x3ff_ffff_ff98, programName: 0x3ff_ffff_ffec,
      vdso: 0x3ff_f7ff_0000, stackArea: 0x3ff_fffd_0000..<0x400_0000_0000),
  ]

  /// The program headers of the probe itself, static.
  static var layoutProbe: ELFBuilder {
    var builder = ELFBuilder()
    builder.entry = 0x40_0580
    builder.length = 0x9_2098
    builder.headers = [
      ELFBuilder.load(0x40_0000, file: 0x7_f60c),
      ELFBuilder.load(
        0x48_c720, offset: 0x8_c720, file: 0x5978, memory: 0x9_b648, flags: 6),
      ELFBuilder.header(.gnuStack, 0, 0, 0, 0, 6, 16),
      ELFBuilder.header(.init(rawValue: 4), 0x40_0190, 0x190, 0x44, 0x44, 4, 4),
      ELFBuilder.header(.init(rawValue: 7), 0x48_c720, 0x8_c720, 0x20, 0x68, 4, 8),
      ELFBuilder.header(.init(rawValue: 0x6474_e552), 0x48_c720, 0x8_c720, 0x38e0, 0x38e0, 4, 1),
    ]
    return builder
  }

  @Test(arguments: recorded)
  func stackIsAsLinuxLaysIt(_ expected: Recorded) {
    let machine = GuestMachine(expected.pageSize, vaBits: expected.vaBits)
    defer { machine.end() }
    machine.addFolder("/bin")
    machine.addFile("/bin/layout", Self.layoutProbe.bytes)
    var vector: [UInt64: UInt64] = [:]
    var order: [UInt64] = []
    machine.programs[0x40_0580] = { guest in
      let sp = guest.context.pointee.stackPointer
      #expect(sp == expected.stackPointer)
      #expect(guest.load(UInt64.self, at: sp) == 3)
      #expect(guest.load(UInt64.self, at: sp + 8) == expected.argument0)
      #expect(guest.text(at: guest.load(at: sp + 8)) == "/bin/layout")
      #expect(guest.text(at: guest.load(at: sp + 16)) == "one")
      #expect(guest.text(at: guest.load(at: sp + 24)) == "two words")
      #expect(guest.load(UInt64.self, at: sp + 32) == 0)
      #expect(guest.text(at: guest.load(at: sp + 40)) == "HOME=/")
      #expect(guest.text(at: guest.load(at: sp + 48)) == "PATH=/bin")
      #expect(guest.text(at: guest.load(at: sp + 56)) == "TERM=linux")
      #expect(guest.load(UInt64.self, at: sp + 64) == 0)
      var at = sp + 72
      while true {
        let kind = guest.load(UInt64.self, at: at)
        order.append(kind)
        vector[kind] = guest.load(UInt64.self, at: at + 8)
        at += 16
        if kind == 0 { break }
      }
      #expect(at == expected.random)
      #expect(guest.text(at: expected.programName) == "/bin/layout")
      // Eight zero bytes are the last of the stack.
      #expect(guest.load(UInt64.self, at: expected.stackArea.upperBound - 8) == 0)
      guard let space = guest.task.pointee.memory.space else { return }
      check(space.pointee.argumentsStart.rawValue == expected.argument0)
      check(space.pointee.argumentsEnd.rawValue == expected.argument0 + 0x1a)
      check(space.pointee.environmentEnd.rawValue == expected.programName)
      check(space.pointee.startStack.rawValue == sp)
      check(space.pointee.startCode.rawValue == 0x40_0000)
      check(space.pointee.endCode.rawValue == 0x47_f60c)
      check(space.pointee.startData.rawValue == 0x48_c720)
      check(space.pointee.endData.rawValue == 0x49_2098)
      let heap = VirtualAddress(0x52_7d68).alignedUp(to: expected.pageSize)
      check(space.pointee.startBreak == heap)
      guard let stack = space.pointee.area(at: VirtualAddress(sp)) else { return }
      check(stack.pointee.start.rawValue == expected.stackArea.lowerBound)
      check(stack.pointee.end.rawValue == expected.stackArea.upperBound)
    }
    let end = machine.run(
      "/bin/layout", ["/bin/layout", "one", "two words"], ["HOME=/", "PATH=/bin", "TERM=linux"])
    #expect(end.reason == .exited)
    #expect(
      order == [33, 51, 16, 6, 17, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 23, 25, 26, 31, 15, 0])
    let values: [UInt64: UInt64] = [
      33: expected.vdso, 51: 0x1270, 16: 0x1011_9ffb, 6: expected.pageSize.bytes.rawValue,
      17: 100, 3: 0x40_0040, 4: 56, 5: 6, 7: 0, 8: 0, 9: 0x40_0580, 23: 0,
      25: expected.random, 26: 0, 31: expected.programName, 15: expected.random + 16,
    ]
    for (kind, value) in values { #expect(vector[kind] == value, "entry \(kind)") }
  }

  /// A static PIE lies at the top of the mmap area, and its break where a dynamic PIE would lie.
  @Test func staticPIEIsMoved() {
    let machine = GuestMachine()
    defer { machine.end() }
    var builder = ELFBuilder()
    builder.type = 3
    builder.entry = 0x100
    builder.length = 0x9_0000
    builder.headers = [
      ELFBuilder.load(0, file: 0x8_0000),
      ELFBuilder.load(0x9_0720, offset: 0x8_0720, file: 0x5000, memory: 0x9_a000, flags: 6),
    ]
    machine.addFile("/pie", builder.bytes)
    // 0x12b000 bytes below vvar and vdso, moved down to the alignment of 64K.
    let span = UInt64(0x9_0720 + 0x9_a000 + 0xfff) & ~0xfff
    let base = (0xffff_f800_0000 - span) & ~0xffff
    var started = false
    machine.programs[base + 0x100] = { guest in
      started = true
      guard let space = guest.task.pointee.memory.space else { return }
      check(space.pointee.startBreak.rawValue == 0xaaaa_aaaa_b000)
    }
    let end = machine.run("/pie", ["/pie"])
    #expect(end.reason == .exited)
    #expect(started)
  }

  @Test func filesThatAreNoProgramsAreRefused() {
    let machine = GuestMachine()
    defer { machine.end() }
    func errno(_ path: String) -> Int64 {
      let end = machine.run(path, [path])
      #expect(end.reason == .notStarted)
      return Int64(end.status)
    }
    machine.addFile("/text", Array("hello".utf8))
    machine.addFile("/plain", ELFBuilder.plain.bytes, mode: 0o644)
    var x86 = ELFBuilder.plain
    x86.machine = 62
    machine.addFile("/x86", x86.bytes)
    machine.addFile("/short", Array(ELFBuilder.plain.bytes.prefix(100)))
    machine.addFile("/empty", [])
    machine.addFile("/loop", Array("#!/loop\n".utf8))
    machine.addFile("/lost", Array("#!/nowhere\n".utf8))
    var interpreted = ELFBuilder.plain
    interpreted.headers.append(ELFBuilder.header(.interpreter, 0, 0x1100, 8, 8, 4, 1))
    machine.addFile("/interpreted", interpreted.bytes)
    #expect(errno("/nothing") == 2)
    #expect(errno("/tmp") == 13)
    #expect(errno("/plain") == 13)
    for path in ["/text", "/x86", "/short", "/empty"] { #expect(errno(path) == 8, "\(path)") }
    #expect(errno("/loop") == 40)
    #expect(errno("/lost") == 2)
    #expect(errno("/interpreted") == 2)  // an empty path
    #expect(errno("/plain/x") == 20)
    check(machine.kernel.store.pointee.taskCount == 1)
  }

  @Test func scriptsRunTheirInterpreters() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.addFile("/sh", ELFBuilder.plain.bytes)
    machine.addFile("/script", Array("#! /sh -x\n".utf8))
    machine.addFile("/outer", Array("#!/script\n".utf8))
    var seen: [String] = []
    machine.programs[0x40_0100] = { guest in
      let sp = guest.context.pointee.stackPointer
      for index in 0..<guest.load(UInt64.self, at: sp) {
        seen.append(guest.text(at: guest.load(at: sp + 8 + index * 8)))
      }
      let name = guest.task.pointee.name
      seen.append(String(decoding: (0..<name.count).map { name.bytes[$0] }, as: UTF8.self))
    }
    machine.run("/script", ["script", "a", "b"])
    #expect(seen == ["/sh", "-x", "/script", "a", "b", "script"])
    seen = []
    machine.run("/outer", ["zero"])
    #expect(seen == ["/sh", "-x", "/script", "/outer", "outer"])
    seen = []
    machine.run("/sh", [])
    #expect(seen == ["", "sh"])
  }

  @Test func execReplacesTheProgram() {
    let machine = GuestMachine()
    defer { machine.end() }
    var other = ELFBuilder.plain
    other.entry = 0x40_0200
    machine.addFile("/other", other.bytes)
    var seen: [String] = []
    machine.programs[0x40_0200] = { guest in
      let sp = guest.context.pointee.stackPointer
      seen.append(guest.text(at: guest.load(at: sp + 8)))
      seen.append(guest.text(at: guest.load(at: sp + 24)))
      // The descriptor without close-on-exec is still there.
      #expect(guest.call(80, 4, 0x42_1000) == 0)
      #expect(guest.call(80, 3, 0x42_1000) == -9)
      guest.call(94, 7)
    }
    let end = machine.run { guest in
      guest.store("/other", at: 0x42_1000)
      guest.store("NAME=value", at: 0x42_1020)
      for (index, word) in [UInt64(0x42_1000), 0, 0x42_1020, 0].enumerated() {
        guest.store(word, at: 0x42_1100 + UInt64(index) * 8)
      }
      #expect(guest.call(56, 0, 0x42_1000, 0o2000000) == 3)
      #expect(guest.call(56, 0, 0x42_1000, 0) == 4)
      #expect(guest.call(221, 0x42_1000, 0x42_1100, 0x42_1110) == 0)
      // From here on the thread is the new program's.
      machine.programs[guest.context.pointee.programCounter]?(guest)
    }
    #expect(end.status == 7)
    #expect(seen == ["/other", "NAME=value"])
  }

  /// Programs with any bytes changed: run, refused or killed, but never the kernel's death, and
  /// all memory comes back.
  @Test(arguments: 1...UInt64(6))
  func anyMutationIsHarmless(_ seed: UInt64) {
    let pageSize: PageSize = seed % 3 == 0 ? .sixtyFourKiB : .fourKiB
    let machine = GuestMachine(pageSize, ram: .mebibytes(32))
    defer { machine.end() }
    machine.addFile("/interp", ELFBuilder.plain.bytes)
    var random = Random(seed: seed)
    var template = ELFBuilder.plain
    if seed % 2 == 0 { template.type = 3 }
    template.headers.append(ELFBuilder.header(.gnuStack, 0, 0, 0, 0, 6, 16))
    let good = template.bytes
    var before: UInt64?
    for round in 0..<150 {
      var bytes = good
      for _ in 0..<Int(1 + random.next() % 5) {
        let at = Int(random.next() % 240)
        bytes[at] = UInt8(truncatingIfNeeded: random.next() % 4 == 0 ? 0xff : random.next())
      }
      machine.addFile("/mutant", bytes)
      let end = machine.run("/mutant", ["mutant", "argument"], ["A=B"], any: true)
      #expect(end.reason == .exited || end.reason == .notStarted, "seed \(seed) round \(round)")
      machine.kernel.frames.pointee.drain()
      let free = machine.kernel.frames.pointee.free.rawValue
      if round > 20 {
        if let before { #expect(free == before, "seed \(seed) round \(round)") }
        before = free
      }
    }
    machine.kernel.frames.pointee.checkInvariants()
  }
}
