/// What becomes of an instruction that a breakpoint stands in for (arch/arm64/kernel/probes).
///
/// Most instructions do the same anywhere, so a copy of them is executed elsewhere, *out of line*.
/// What depends on its own address is done by the kernel instead. Encodings: Arm ARM C4.1.
public enum SteppedInstruction: Equatable, BitwiseCopyable, Sendable {
  /// A copy can be executed at another address.
  case outOfLine
  /// Goes on at `offset` from the instruction; with a link, x30 becomes the next one's address.
  case branch(offset: Int64, links: Bool)
  /// The same where a condition of PSTATE's flags holds (0 to 15, C1.2.4).
  case branchIf(condition: UInt8, offset: Int64)
  /// Goes on at `offset` if a register is zero, or is not.
  case branchIfZero(register: UInt8, is32Bit: Bool, wantsZero: Bool, offset: Int64)
  /// Goes on at `offset` if a bit of a register is zero, or is not.
  case branchIfBit(register: UInt8, bit: UInt8, wantsZero: Bool, offset: Int64)
  /// Goes on at the address in a register.
  case branchTo(register: UInt8, links: Bool)
  /// Computes an address; `isPage` counts from the instruction's 4K page (ADRP).
  case address(register: UInt8, offset: Int64, isPage: Bool)
  /// Reads a word near the instruction: 4 bytes, 4 bytes with sign, or 8.
  case load(register: UInt8, offset: Int64, bytes: UInt8, isSigned: Bool)
  /// Cannot be stood in for: it traps, is part of an exclusive pair, or writes x17, in which the
  /// copy's way back is.
  case refused

  public init(_ word: UInt32) {
    let rt = UInt8(word & 31)
    switch word {
    case _ where word & 0x7c00_0000 == 0x1400_0000:
      self = .branch(
        offset: Self.signed(word, from: 0, bits: 26) &* 4, links: word &>> 31 != 0)
    case _ where word & 0xff00_0000 == 0x5400_0000:
      self = .branchIf(
        condition: UInt8(word & 15), offset: Self.signed(word, from: 5, bits: 19) &* 4)
    case _ where word & 0x7e00_0000 == 0x3400_0000:
      self = .branchIfZero(
        register: rt, is32Bit: word &>> 31 == 0, wantsZero: word &>> 24 & 1 == 0,
        offset: Self.signed(word, from: 5, bits: 19) &* 4)
    case _ where word & 0x7e00_0000 == 0x3600_0000:
      self = .branchIfBit(
        register: rt, bit: UInt8((word &>> 31) &<< 5 | word &>> 19 & 31),
        wantsZero: word &>> 24 & 1 == 0, offset: Self.signed(word, from: 5, bits: 14) &* 4)
    case _ where word & 0x1f00_0000 == 0x1000_0000:
      let value = Self.signed(word, from: 5, bits: 19) &<< 2 | Int64(word &>> 29 & 3)
      let isPage = word &>> 31 != 0
      self = .address(register: rt, offset: isPage ? value &<< 12 : value, isPage: isPage)
    case _ where word & 0x3f00_0000 == 0x1800_0000:
      let kind = word &>> 30
      let offset = Self.signed(word, from: 5, bits: 19) &* 4
      self =
        kind == 3
        ? .branch(offset: 4, links: false)  // PRFM, a hint
        : .load(register: rt, offset: offset, bytes: kind == 1 ? 8 : 4, isSigned: kind == 2)
    case _ where word & 0x3f00_0000 == 0x1c00_0000: self = .refused  // vector registers
    case _ where word & 0xff9f_fc1f == 0xd61f_0000 || word & 0xffff_fc1f == 0xd63f_0000:
      // BR, BLR, RET: opc is bits 22:21.
      self = .branchTo(register: UInt8(word &>> 5 & 31), links: word &>> 21 & 3 == 1)
    case _ where word & 0xfe00_0000 == 0xd600_0000: self = .refused
    case _ where word & 0xff00_0000 == 0xd400_0000: self = .refused
    case _ where word & 0x3f80_0000 == 0x0800_0000: self = .refused
    case _ where rt == 17 || word & 0x3a00_0000 == 0x2800_0000 && word &>> 10 & 31 == 17:
      // A store that only reads x17 is refused with the rest.
      self = .refused
    default: self = .outOfLine
    }
  }

  @inline(__always)
  private static func signed(_ word: UInt32, from: UInt32, bits: UInt32) -> Int64 {
    let field = Int64(word &>> from & (1 &<< bits &- 1))
    return (field &<< Int64(64 &- bits)) &>> Int64(64 &- bits)
  }
}

extension UserContext {
  /// Does an instruction that is not executed out of line, and moves on; false for a load, whose
  /// word somebody else must read, and for what is not done here.
  public mutating func step(_ instruction: SteppedInstruction) -> Bool {
    let next = programCounter &+ 4
    func target(_ offset: Int64) -> UInt64 { programCounter &+ UInt64(bitPattern: offset) }
    switch instruction {
    case .branch(let offset, let links):
      let target = target(offset)
      if links { x[30] = next }
      programCounter = target
    case .branchIf(let condition, let offset):
      programCounter = holds(condition) ? target(offset) : next
    case .branchIfZero(let register, let is32Bit, let wantsZero, let offset):
      let value = is32Bit ? self[register] & 0xffff_ffff : self[register]
      programCounter = (value == 0) == wantsZero ? target(offset) : next
    case .branchIfBit(let register, let bit, let wantsZero, let offset):
      let value = self[register] &>> UInt64(bit) & 1
      programCounter = (value == 0) == wantsZero ? target(offset) : next
    case .branchTo(let register, let links):
      let target = self[register]
      if links { x[30] = next }
      programCounter = target
    case .address(let register, let offset, let isPage):
      let base = isPage ? programCounter & ~0xfff : programCounter
      self[register] = base &+ UInt64(bitPattern: offset)
      programCounter = next
    case .load, .outOfLine, .refused: return false
    }
    return true
  }

  /// A general-purpose register; 31 is the one that is zero.
  public subscript(register: UInt8) -> UInt64 {
    get { register < 31 ? x[Int(register)] : 0 }
    set { if register < 31 { x[Int(register)] = newValue } }
  }

  /// Whether a condition holds (Arm ARM, shared/functions/system/ConditionHolds).
  private func holds(_ condition: UInt8) -> Bool {
    let n = processorState &>> 31 & 1 != 0
    let z = processorState &>> 30 & 1 != 0
    let c = processorState &>> 29 & 1 != 0
    let v = processorState &>> 28 & 1 != 0
    let result =
      switch condition &>> 1 {
      case 0: z
      case 1: c
      case 2: n
      case 3: v
      case 4: c && !z
      case 5: n == v
      case 6: n == v && !z
      default: true
      }
    return condition & 1 != 0 && condition != 15 ? !result : result
  }
}
