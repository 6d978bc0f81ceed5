import Arm64
import MemoryTypes
import TestSupport
import Testing

/// The walker against the address-translation instructions of an emulated CPU, on the same random
/// tables: the third opinion beside the Arm ARM's pseudocode and ours.
@Suite(.enabled(if: EmulatedMMU.isHere, "needs qemu-system-aarch64, and clang and lld of Swift"))
struct MMUTests {
  @Test(arguments: Shape.all, [false, true])
  func agreesWithTheMMU(shape: Shape, hardwareAccessAndDirty: Bool) throws {
    let mmu = try #require(EmulatedMMU())
    var random = Random(seed: 17 &+ shape.shift &* 100 &+ shape.vaBits)
    let frames = shape.shift == 16 ? 8 : 32 as UInt64
    let ram = TestRAM(
      base: PhysicalAddress(EmulatedMMU.tables), length: ByteCount(frames << shape.shift))
    defer { ram.release() }
    RandomTables.fill(ram, shape, &random)
    if shape.geometry.startLevel < 0 { sealRoots(ram) }

    let needsMax = shape.large || shape.vaBits > 48
    let control = TranslationControl(
      geometry: shape.geometry, physicalBits: needsMax ? 52 : 48,
      hasHardwareAccessAndDirty: hardwareAccessAndDirty)
    let roots = [ram.base, ram.base + ByteCount(1 << shape.shift)]
    let addresses = (0..<2000).map { _ in RandomTables.address(shape, &random) }
    let answers = try mmu.ask(
      EmulatedMMU.Question(
        tcr: control.tcr, mair: TranslationControl.mair(),
        ttbr0: control.ttbr(root: roots[0]), ttbr1: control.ttbr(root: roots[1]),
        addresses: addresses),
      cpu: needsMax ? "max" : "neoverse-n1", ram: ram)

    let walker = TableWalker(
      ram: ram, memory: ram.range,
      regime: TranslationRegime(
        geometry: shape.geometry, lowerRoot: roots[0], upperRoot: roots[1],
        outputBits: control.outputBits, hasHardwareAccessAndDirty: hardwareAccessAndDirty))
    let kinds: [(Access, Privilege)] = [
      (.read, .user), (.write, .user), (.read, .kernel), (.write, .kernel),
    ]
    var outcomes: [String: Int] = [:]
    for (index, answer) in answers.enumerated() {
      let address = VirtualAddress(addresses[index / 4])
      let (access, privilege) = kinds[index % 4]
      if endsInReservedBlock(walker, address) { continue }
      let walked = walker.walk(address, for: access, by: privilege)
      let expected = Outcome(walked)
      let found = Outcome(answer)
      outcomes["\(found)".prefix { $0 != "(" }.description, default: 0] += 1
      #expect(
        expected == found,
        "\(shape), \(String(address.rawValue, radix: 16)) \(access) by \(privilege)")
    }
    #expect(outcomes.count >= 2, "\(outcomes)")
  }

  /// Makes every entry of two first tables of level -1 point to a table: QEMU 7.2 ends with a failed
  /// assertion when a walk faults there (target/arm/internals.h:arm_fi_to_lfsc).
  func sealRoots(_ ram: TestRAM) {
    for root in 0..<2 as Range<UInt64> {
      for index in 0..<16 as Range<UInt64> {
        let table = ram.base + ByteCount((2 + index) << 12)
        ram.store(table.rawValue | 0b11, at: ram.base + ByteCount(root << 12 + index << 3))
      }
    }
  }

  /// Whether the walk meets a block descriptor at a level that has no blocks: the architecture has
  /// a translation fault there, QEMU 7.2 maps it (target/arm/ptw.c asks for bit 1 only at level 3).
  func endsInReservedBlock(_ walker: TableWalker<TestRAM>, _ address: VirtualAddress) -> Bool {
    var last: WalkStep?
    _ = walker.walk(address, eachStep: { last = $0 })
    guard let last, last.descriptor.rawValue & 3 == 1 else { return false }
    return last.level < 3 && !walker.regime.geometry.allowsBlocks(at: last.level)
  }

  /// A translation as PAR_EL1 can tell it: the address in units of 4 KiB, or the status.
  enum Outcome: Equatable {
    case address(UInt64)
    case fault(FaultStatus)

    init(_ translation: Translation) {
      switch translation {
      case .mapped(let mapping): self = .address(mapping.address.rawValue >> 12)
      case .fault(let status): self = .fault(status)
      }
    }

    init(_ answer: EmulatedMMU.Answer) {
      if answer.syndrome != 0 {
        self = .fault(FaultStatus(code: answer.syndrome))
      } else if answer.par & 1 != 0 {
        self = .fault(FaultStatus(code: answer.par >> 1))
      } else {
        self = .address(answer.par >> 12 & 0xff_ffff_ffff)
      }
    }
  }
}
