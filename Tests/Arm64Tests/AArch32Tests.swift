import Arm64
import Testing

/// The state of 32-bit programs: conditions, IT blocks, what a frame may set.
@Suite struct AArch32Tests {
  @Test func conditionsAreTheArchitectures() {
    for flags in UInt64(0)..<16 {
      let state = flags << 28
      let (n, z, c, v) = (flags & 8 != 0, flags & 4 != 0, flags & 2 != 0, flags & 1 != 0)
      let expected = [
        z, !z, c, !c, n, !n, v, !v, c && !z, !(c && !z), n == v, n != v, !z && n == v,
        z || n != v, true,
      ]
      for (condition, holds) in expected.enumerated() {
        #expect(ProgramStatus.holds(UInt32(condition), state) == holds, "\(condition) \(flags)")
      }
    }
  }

  @Test func skippingMovesAnITBlockOn() {
    var context = UserContext(entry: 0x1001, stack32: 0x8000)
    #expect(context.isAArch32 && context.isThumb && context.programCounter == 0x1000)
    // ITTE EQ: base condition 0, mask 0b0110.
    ProgramStatus.set(ifThen: 0x06, in: &context.processorState)
    var seen: [UInt64] = []
    for _ in 0..<3 {
      seen.append(ProgramStatus.ifThen(of: context.processorState))
      context.skipInstruction(2)
    }
    #expect(seen == [0x06, 0x0c, 0x18])
    #expect(ProgramStatus.ifThen(of: context.processorState) == 0)
    #expect(context.programCounter == 0x1006)
  }

  @Test func aFrameMayNotChangeMode() {
    #expect(ProgramStatus.valid(0x6000_0030, mixedEndian: true) == (0x6000_0030, true))
    #expect(ProgramStatus.valid(0x6000_0210, mixedEndian: false) == (0x6000_0010, true))
    for state in [0x13, 0x1f, 0x00, 0x50, 0x90, 0x110, 0xffff_ffff_ffff_ffff] as [UInt64] {
      let (left, isValid) = ProgramStatus.valid(state, mixedEndian: true)
      #expect(!isValid && left & 0x1df == 0x10, "\(state)")
    }
    #expect(ProgramStatus.visible(1 << 24) == 1 << 21)
    #expect(ProgramStatus.stored(1 << 21) == 1 << 24)
  }
}
