import Arm64
import Testing

/// What stands in for an instruction: held against encodings that GNU as wrote.
@Suite struct SteppedInstructionTests {
  @Test(
    arguments: [
      (0xd503_201f, .outOfLine),  // nop
      (0xd503_245f, .outOfLine),  // bti c
      (0xd503_233f, .outOfLine),  // paciasp
      (0xa9bd_7bfd, .outOfLine),  // stp x29, x30, [sp, #-48]!
      (0xd101_43ff, .outOfLine),  // sub sp, sp, #80
      (0xaa00_03f3, .outOfLine),  // mov x19, x0
      (0x1400_0002, .branch(offset: 8, links: false)),  // b .+8
      (0x97ff_ffff, .branch(offset: -4, links: true)),  // bl .-4
      (0x5400_0041, .branchIf(condition: 1, offset: 8)),  // b.ne .+8
      (0xb4ff_ffe3, .branchIfZero(register: 3, is32Bit: false, wantsZero: true, offset: -4)),
      (0x3500_0064, .branchIfZero(register: 4, is32Bit: true, wantsZero: false, offset: 12)),
      // tbz x5, #33, .+8
      (0xb608_0045, .branchIfBit(register: 5, bit: 33, wantsZero: true, offset: 8)),
      // tbnz w6, #7, .+12
      (0x3738_0066, .branchIfBit(register: 6, bit: 7, wantsZero: false, offset: 12)),
      (0xd61f_00e0, .branchTo(register: 7, links: false)),  // br x7
      (0xd63f_0100, .branchTo(register: 8, links: true)),  // blr x8
      (0xd65f_03c0, .branchTo(register: 30, links: false)),  // ret
      (0x3000_0020, .address(register: 0, offset: 5, isPage: false)),  // adr x0, .+5
      (0xd000_0001, .address(register: 1, offset: 0x2000, isPage: true)),  // adrp x1, .+8192
      (0x5800_0042, .load(register: 2, offset: 8, bytes: 8, isSigned: false)),
      (0x98ff_ffe3, .load(register: 3, offset: -4, bytes: 4, isSigned: true)),  // ldrsw
      (0x5c00_0040, .refused),  // ldr d0, .+8
      (0xd400_0001, .refused),  // svc #0
      (0xd420_0000, .refused),  // brk #0
      (0xc85f_7c00, .refused),  // ldxr x0, [x0]
      (0xd69f_03e0, .refused),  // eret
      (0xaa00_03f1, .refused),  // mov x17, x0
      (0xa940_4410, .refused),  // ldp x16, x17, [x0]
    ] as [(UInt32, SteppedInstruction)])
  func isTakenFor(word: UInt32, expected: SteppedInstruction) {
    #expect(SteppedInstruction(word) == expected)
  }

  @Test func branchesGoWhereTheyShould() {
    var context = UserContext()
    context.programCounter = 0x1000
    go(.branch(offset: -8, links: true), &context)
    #expect(context.programCounter == 0xff8 && context.x[30] == 0x1004)
    context.x[3] = 0x1_0000_0000
    // Zero in 32 bits, not in 64.
    go(.branchIfZero(register: 3, is32Bit: true, wantsZero: true, offset: 0x100), &context)
    #expect(context.programCounter == 0x10f8)
    go(.branchIfZero(register: 3, is32Bit: false, wantsZero: true, offset: 0x100), &context)
    #expect(context.programCounter == 0x10fc)
    go(.branchIfBit(register: 3, bit: 32, wantsZero: false, offset: 16), &context)
    #expect(context.programCounter == 0x110c)
    // BLR x30 goes where x30 was.
    context.x[30] = 0x4000
    go(.branchTo(register: 30, links: true), &context)
    #expect(context.programCounter == 0x4000 && context.x[30] == 0x1110)
    context.programCounter = 0x4ffc
    go(.address(register: 0, offset: 0x1000, isPage: true), &context)
    #expect(context.x[0] == 0x5000 && context.programCounter == 0x5000)
    go(.address(register: 31, offset: 1, isPage: false), &context)
    let isDone = context.step(.outOfLine)
    #expect(!isDone && context.programCounter == 0x5004)
  }

  /// Every condition against the definition in the Arm ARM, C1.2.4, for all flags.
  @Test func conditionsHoldAsDefined() {
    for flags in UInt64(0)..<16 {
      let (n, z, c, v) = (flags & 8 != 0, flags & 4 != 0, flags & 2 != 0, flags & 1 != 0)
      let expected = [
        z, !z, c, !c, n, !n, v, !v, c && !z, !(c && !z), n == v, n != v, !z && n == v,
        !(!z && n == v), true, true,
      ]
      for condition in UInt8(0)..<16 {
        var context = UserContext()
        context.processorState = flags << 28
        go(.branchIf(condition: condition, offset: 64), &context)
        #expect((context.programCounter == 64) == expected[Int(condition)])
      }
    }
  }

  private func go(_ instruction: SteppedInstruction, _ context: inout UserContext) {
    let isDone = context.step(instruction)
    #expect(isDone)
  }
}
