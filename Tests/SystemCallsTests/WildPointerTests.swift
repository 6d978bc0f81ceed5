import BoardFormat
import KernelLayout
import MemoryTypes
import PageFrames
import Tasks
import TestSupport
import Testing

/// Every pointer of every call, led astray: the answer is EFAULT, and the kernel goes on.
@Suite struct WildPointerTests {
  /// A call with good arguments; `pointers` are those that are replaced, one at a time.
  struct Case: Sendable {
    var number: UInt64
    var arguments: [UInt64]
    var pointers: [Int]
    init(_ number: UInt64, _ arguments: [UInt64], _ pointers: [Int]) {
      self.number = number
      self.arguments = arguments
      self.pointers = pointers
    }
  }

  /// Places in the program's good memory: a path, another, a block of zeros, a `timespec`, an
  /// array of one null pointer.
  static let path: UInt64 = 0x42_1000
  static let other: UInt64 = 0x42_1040
  static let link: UInt64 = 0x42_10c0
  static let block: UInt64 = 0x42_2000
  static let time: UInt64 = 0x42_1080

  /// Of all calls that take pointers; descriptors: 5 is a file open for reading and writing, 6 a
  /// folder, 7 a second file.
  static let cases: [Case] = [
    Case(17, [block, 4096], [0]),
    Case(25, [5, 5, block], [2]), Case(25, [5, 6, block], [2]),
    Case(29, [5, 0x5421, block], [2]),
    Case(33, [6, path, 0o100644, 0], [1]), Case(34, [6, path, 0o755], [1]),
    Case(35, [6, path, 0], [1]), Case(36, [path, 6, other], [0, 2]),
    Case(37, [6, path, 6, other, 0], [1, 3]), Case(38, [6, path, 6, other], [1, 3]),
    Case(276, [6, path, 6, other, 0], [1, 3]),
    Case(43, [path, block], [0, 1]), Case(44, [5, block], [1]), Case(45, [path, 0], [0]),
    Case(48, [6, path, 0], [1]), Case(439, [6, path, 0, 0], [1]), Case(49, [path], [0]),
    Case(53, [6, path, 0o644], [1]), Case(54, [6, path, 0, 0, 0], [1]),
    Case(56, [6, path, 0, 0], [1]), Case(59, [block, 0], [0]), Case(61, [6, block, 512], [1]),
    Case(63, [5, block, 8], [1]), Case(64, [5, block, 8], [1]), Case(65, [5, block, 1], [1]),
    Case(66, [5, block, 1], [1]), Case(67, [5, block, 8, 0], [1]),
    Case(68, [5, block, 8, 0], [1]), Case(71, [7, 5, block, 1], [2]),
    Case(72, [8, block, 0, 0, time, 0], [1, 4]), Case(73, [block, 1, time, 0, 0], [0, 2]),
    Case(78, [6, link, block, 64], [1, 2]), Case(79, [6, path, block, 0], [1, 2]),
    Case(80, [5, block], [1]), Case(88, [6, path, time, 0], [1, 2]), Case(90, [block, 0], [0]),
    Case(98, [block, 0, 1, time], [3]), Case(98, [block, 1, 1], []), Case(101, [time, 0], [0]),
    Case(103, [0, time, 0], [1]),
    Case(113, [1, block], [1]), Case(114, [1, block], [1]), Case(115, [1, 0, time, 0], [2]),
    Case(123, [0, 8, block], [2]), Case(132, [block, 0], [0]), Case(132, [0, block], [1]),
    Case(133, [block, 8], [0]), Case(134, [10, block, 0, 8], [1]),
    Case(134, [10, 0, block, 8], [2]),
    Case(135, [0, block, 0, 8], [1]), Case(135, [0, 0, block, 8], [2]), Case(136, [block, 8], [0]),
    Case(148, [block, block, block], [0, 1, 2]), Case(150, [block, block, block], [0, 1, 2]),
    Case(153, [block], [0]), Case(160, [block], [0]), Case(163, [3, block], [1]),
    Case(164, [3, block], [1]), Case(165, [0, block], [1]), Case(167, [15, block], [1]),
    Case(167, [16, block], [1]), Case(168, [block, block], [0, 1]),
    Case(169, [block, block], [0, 1]),
    Case(179, [block], [0]), Case(221, [path, block, block], [0, 1, 2]),
    Case(232, [0x40_0000, 4096, block], [2]), Case(260, [~0, block, 0, 0], []),
    Case(261, [0, 3, block, 0], [2]), Case(261, [0, 3, 0, block], [3]),
    Case(278, [block, 8, 0], [0]), Case(291, [6, path, 0, 0x7ff, block], [1, 4]),
  ]

  /// What a pointer may be that leads nowhere: below all memory, between mappings, the end of the
  /// space, the kernel half, addresses that are none, tagged ones.
  static func wild(_ machine: GuestMachine) -> [UInt64] {
    let top = machine.kernel.layout.taskSize.rawValue
    return [
      8, 0x1001, 0x30_0000, 0x60_4000, top, top + 8, 0x00ff_ffff_ffff_fff8,
      0xffff_0000_0000_0000, 0xffff_8000_0800_0000, 0x8000_0000_0000_0000,
      0x4200_0000_0042_1000, ~0, ~7,
    ]
  }

  static func prepare(_ guest: Guest) {
    guest.store("file", at: path)
    guest.store("other", at: other)
    guest.store(UInt64(0), at: time)
    guest.store(UInt64(1), at: time + 8)
    guest.store("link", at: link)
    guest.store("/tmp", at: block)
    #expect(guest.call(56, UInt64(bitPattern: -100), block, 0o40000, 0) == 3)
    guest.call(24, 3, 6, 0)
    guest.call(49, block)
    guest.call(36, path, 6, link)
    guest.store("/tmp/file", at: block)
    #expect(guest.call(56, UInt64(bitPattern: -100), block, 0o102, 0o644) == 4)
    guest.call(24, 4, 5, 0)
    guest.call(24, 4, 7, 0)
    for word in 0..<UInt64(64) { guest.store(UInt64(0), at: block + word * 8) }
    guest.store(UInt64(1), at: block)
    guest.call(64, 5, block, 64)
    guest.call(62, 5, 0, 0)
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func everyPointerIsChecked(_ pageSize: PageSize) {
    let machine = GuestMachine(pageSize)
    defer { machine.end() }
    machine.addFolder("/tmp")
    let end = machine.run { guest in
      Self.prepare(guest)
      for test in Self.cases {
        for index in test.pointers {
          for address in Self.wild(machine) {
            var arguments = test.arguments
            arguments[index] = address
            let result = guest.error(test.number, arguments)
            #expect(
              result == 14,
              "call \(test.number), argument \(index) = \(String(address, radix: 16)): \(result)")
          }
        }
      }
    }
    #expect(end.reason == .exited && end.status == 0)
  }

  /// Any arguments at all, to any call: no trap, and everything comes back at the end.
  @Test func anythingGoes() {
    for seed in 1...UInt64(20) {
      let machine = GuestMachine(seed % 2 == 0 ? .fourKiB : .sixtyFourKiB)
      defer { machine.end() }
      machine.addFolder("/tmp")
      var random = Random(seed: seed)
      // Not those that end or replace the program, or wait for ever.
      let excluded: Set<UInt64> = [93, 94, 133, 220, 221, 260, 72, 73, 98, 101, 115, 63, 65, 67]
      machine.run { guest in
        Self.prepare(guest)
        let wild = Self.wild(machine)
        for _ in 0..<2000 {
          let number = random.next() % 300
          if excluded.contains(number) { continue }
          let arguments = (0..<6).map { _ in
            switch random.next() % 5 {
            case 0: wild[Int(random.next() % UInt64(wild.count))]
            case 1: Self.block + random.next() % 64
            case 2: random.next() % 16
            case 3: random.next() >> (random.next() % 64)
            default: [Self.path, Self.other, Self.time, 0][Int(random.next() % 4)]
            }
          }
          // A signal to itself would end the test.
          if [129, 130, 131].contains(number) { continue }
          _ = guest.error(number, arguments)
          if guest.task.pointee.pending.set.rawValue != 0 { break }
        }
      }
      machine.kernel.frames.pointee.checkInvariants()
      check(machine.kernel.store.pointee.taskCount == 1)
    }
  }
}
