import Arm64
import MemoryTypes
import TestSupport
import Testing

/// The walker against the Arm ARM's pseudocode, on tables full of random descriptors.
@Suite struct TableWalkerTests {
  static let ips: [Int] = [32, 36, 40, 42, 44, 48, 52]

  @Test(arguments: Shape.all, [false, true])
  func agreesWithThePseudocode(shape: Shape, hardwareAccessAndDirty: Bool) {
    for seed in UInt64(1)...2 {
      var random = Random(seed: seed &* 1000 &+ shape.shift &* 100 &+ shape.vaBits)
      compare(shape, hardwareAccessAndDirty, seed, &random)
    }
  }

  func compare(
    _ shape: Shape, _ hardware: Bool, _ seed: UInt64, _ random: inout Random
  ) {
    let geometry = shape.geometry
    let pageBytes = UInt64(1) << shape.shift
    // RAM high up where the format can reach it, so that the moved address bits are used.
    let base = shape.large ? 0x000b_0001_4000_0000 : 0x0000_0001_4000_0000 as UInt64
    let frames = shape.shift == 16 ? 8 : 32 as UInt64
    let ram = TestRAM(base: PhysicalAddress(base), length: ByteCount(frames * pageBytes))
    defer { ram.release() }

    RandomTables.fill(ram, shape, &random)

    let ps = Self.outputSize(shape, &random)
    let roots = [base, base + pageBytes]
    var regime = TranslationRegime(
      geometry: geometry, lowerRoot: PhysicalAddress(roots[0]),
      upperRoot: PhysicalAddress(roots[1]), outputBits: UInt64(Self.ips[ps]),
      hasHardwareAccessAndDirty: hardware)
    regime.ignoresLowerTag = Bool.random(using: &random)
    regime.ignoresUpperTag = Bool.random(using: &random)
    let walker = TableWalker(ram: ram, memory: ram.range, regime: regime)
    let reference = ReferenceWalk(read64: { address in
      ram.range.contains(PhysicalAddress(address))
        ? ram.load(UInt64.self, at: PhysicalAddress(address)) : nil
    })

    var outcomes: [String: Int] = [:]
    for _ in 0..<2000 {
      let va = RandomTables.address(shape, &random)
      let upper = va & 1 << 55 != 0
      let params = S1TTWParams(
        tgx: shape.shift == 12 ? .kb4 : shape.shift == 14 ? .kb16 : .kb64,
        txsz: Int(64 - shape.vaBits), ps: ps, ds: shape.large && shape.shift != 16,
        tbi: upper ? regime.ignoresUpperTag : regime.ignoresLowerTag, ha: hardware, hd: hardware,
        lpa: shape.large && shape.shift == 16)
      let control = TranslationControl(geometry: geometry)
      let ttb = control.ttbr(root: PhysicalAddress(roots[upper ? 1 : 0]), asid: ASID(0xffff))

      var expected: Result<TTWState, ReferenceFault>
      do throws(ReferenceFault) {
        expected = .success(try reference.s1Walk(va: va, ttb: ttb, params: params))
      } catch { expected = .failure(error) }

      let address = VirtualAddress(va)
      var steps: [WalkStep] = []
      let walked = walker.walk(address, eachStep: { steps.append($0) })
      let what: Comment = "seed \(seed), \(shape.testDescription), address \(String(va, radix: 16))"
      switch (expected, walked) {
      case (.failure(let fault), .fault(let status)):
        #expect(Self.status(fault) == status, what)
        outcomes["\(fault.statuscode)", default: 0] += 1
      case (.success(let state), .mapped(let mapping)):
        #expect(ReferenceWalk.stageOA(va, params, state) == mapping.address.rawValue, what)
        #expect(state.level == mapping.level, what)
        #expect(state.descriptor == mapping.descriptor.rawValue, what)
        #expect(state.contiguous == mapping.descriptor.isContiguous, what)
        #expect(
          steps.last?.level == mapping.level
            && steps.count == mapping.level - geometry.startLevel + 1, what)
        checkPermissions(walker, address, state, params, what)
        outcomes["mapped \(mapping.level)", default: 0] += 1
      default:
        Issue.record("\(what): expected \(expected), walked \(walked)")
      }
    }
    #expect(outcomes.count >= 4, "too little happened: \(outcomes)")
  }

  func checkPermissions(
    _ walker: TableWalker<TestRAM>, _ address: VirtualAddress, _ state: TTWState,
    _ params: S1TTWParams, _ what: Comment
  ) {
    let (privileged, unprivileged) = ReferenceWalk.permissions(state, params)
    let cases: [(Access, Privilege, Bool)] = [
      (.read, .kernel, privileged.r), (.write, .kernel, privileged.w),
      (.execute, .kernel, privileged.x), (.read, .user, unprivileged.r),
      (.write, .user, unprivileged.w), (.execute, .user, unprivileged.x),
    ]
    for (access, privilege, allowed) in cases {
      let denied = Translation.fault(.permission(level: Int8(state.level)))
      #expect((walker.walk(address, for: access, by: privilege) != denied) == allowed, what)
    }
  }

  static func status(_ fault: ReferenceFault) -> FaultStatus {
    let level = Int8(fault.level)
    return switch fault.statuscode {
    case .addressSize: .addressSize(level: level)
    case .translation: .translation(level: level)
    case .accessFlag: .accessFlag(level: level)
    case .permission: .permission(level: level)
    case .syncExternalOnWalk: .externalAbortOnWalk(level: level)
    }
  }

  /// A PS code: 52 bits where the descriptors have them, sometimes less than the tables use.
  static func outputSize(_ shape: Shape, _ random: inout Random) -> Int {
    if shape.large { return 6 }
    return Bool.random(using: &random) ? 5 : [2, 3, 4].randomElement(using: &random) ?? 5
  }
}
