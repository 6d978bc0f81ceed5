/// What a relocation does: which value it makes, and where the value's bits go.
///
/// S is the symbol's address, A the addend, P the place. The types are those that Linux's loader
/// does (arch/arm64/kernel/module.c:apply_relocate_add()), by the numbers of the ELF for the Arm
/// 64-bit Architecture, 5.7.
struct Relocation: BitwiseCopyable {
  /// The value.
  enum Operation {
    /// S + A.
    case absolute
    /// S + A − P.
    case relative
    /// Page(S + A) − Page(P), pages of 4 KiB.
    case page
  }

  /// Where its bits go.
  enum Place: Equatable {
    case nothing
    /// Data of so many bits.
    case data(Int)
    /// The 16 bits of a MOVZ, MOVN or MOVK, from bit `from` of the value on. A signed one makes the
    /// instruction MOVZ or MOVN as the sign has it.
    case move(from: Int, signed: Bool)
    /// An immediate field of an instruction: `length` bits of the value from bit `from` on.
    case field(Field, from: Int, length: Int)
    /// ADRP's field, kept from the end of a page.
    case pageAddress
    /// B's or BL's field, by a veneer where it does not reach.
    case branch
  }

  /// An instruction's immediate field.
  enum Field {
    /// ADR, ADRP: two low bits at 29, the others at 5.
    case address
    /// 12 bits at 10.
    case bits12
    /// 14 or 19 bits at 5, 26 at 0.
    case bits14, bits19, bits26
  }

  let operation: Operation
  let place: Place
  /// A value that does not fit is an error.
  let isChecked: Bool

  private init(_ operation: Operation, _ place: Place, checked: Bool = true) {
    self.operation = operation
    self.place = place
    isChecked = checked
  }

  /// What a type of relocation does; nil for one that the loader does not know.
  init?(type: UInt32) {
    switch type {
    case 0, 256: self.init(.absolute, .nothing, checked: false)
    case 257: self.init(.absolute, .data(64), checked: false)
    case 258: self.init(.absolute, .data(32))
    case 259: self.init(.absolute, .data(16))
    case 260: self.init(.relative, .data(64), checked: false)
    case 261: self.init(.relative, .data(32))
    case 262: self.init(.relative, .data(16))
    // MOVW_UABS_G0, G0_NC … G3.
    case 263...269:
      let index = Int(type) &- 263
      self.init(
        .absolute, .move(from: index / 2 &* 16, signed: false),
        checked: index % 2 == 0 && type != 269)
    // MOVW_SABS_G0 … G2.
    case 270...272:
      self.init(.absolute, .move(from: (Int(type) &- 270) &* 16, signed: true))
    case 273: self.init(.relative, .field(.bits19, from: 2, length: 19))
    case 274: self.init(.relative, .field(.address, from: 0, length: 21))
    case 275: self.init(.page, .pageAddress)
    case 276: self.init(.page, .pageAddress, checked: false)
    case 277, 278: self.init(.absolute, .field(.bits12, from: 0, length: 12), checked: false)
    case 279: self.init(.relative, .field(.bits14, from: 2, length: 14))
    case 280: self.init(.relative, .field(.bits19, from: 2, length: 19))
    case 282, 283: self.init(.relative, .branch)
    case 284: self.init(.absolute, .field(.bits12, from: 1, length: 11), checked: false)
    case 285: self.init(.absolute, .field(.bits12, from: 2, length: 10), checked: false)
    case 286: self.init(.absolute, .field(.bits12, from: 3, length: 9), checked: false)
    case 299: self.init(.absolute, .field(.bits12, from: 4, length: 8), checked: false)
    // MOVW_PREL_G0, G0_NC … G3: the checked ones are signed.
    case 287...293:
      let index = Int(type) &- 287
      self.init(
        .relative, .move(from: index / 2 &* 16, signed: index % 2 == 0),
        checked: index % 2 == 0 && type != 293)
    default: return nil
    }
  }

  /// Bytes that are written at the place.
  var width: UInt64 {
    switch place {
    case .nothing: 0
    case .data(let bits): UInt64(bits / 8)
    default: 4
    }
  }

  /// The value for `S + A` at a place.
  func value(_ target: UInt64, at place: UInt64) -> Int64 {
    switch operation {
    case .absolute: Int64(bitPattern: target)
    case .relative: Int64(bitPattern: target &- place)
    case .page: Int64(bitPattern: (target & ~0xfff) &- (place & ~0xfff))
    }
  }
}

extension Relocation {
  /// Whether a value fits data of 16 or 32 bits: absolute ones as unsigned numbers, relative ones
  /// as signed (`reloc_data()`).
  func fits(_ value: Int64, bits: Int) -> Bool {
    guard bits < 64 else { return true }
    return operation == .absolute
      ? value >= 0 && value < 1 &<< bits
      : value >= -(1 &<< (bits &- 1)) && value < 1 &<< (bits &- 1)
  }

  /// An instruction with a value's 16 bits in it, and whether the value has no others
  /// (`reloc_insn_movw()`).
  static func move(_ instruction: UInt32, _ value: Int64, from: Int, signed: Bool)
    -> (instruction: UInt32, fits: Bool)
  {
    var bits = UInt64(bitPattern: value &>> from)
    var result = instruction
    if signed {
      result &= ~(3 &<< 29)
      if value >= 0 { result |= 2 &<< 29 } else { bits = ~bits }
    }
    result = result & ~(0xffff &<< 5) | UInt32(truncatingIfNeeded: bits & 0xffff) &<< 5
    return (result, bits <= 0xffff)
  }

  /// An instruction with `length` bits of a value in a field, and whether those are the value as a
  /// signed number (`reloc_insn_imm()`).
  static func insert(
    _ instruction: UInt32, _ field: Field, _ value: Int64, from: Int, length: Int
  ) -> (instruction: UInt32, fits: Bool) {
    let value = value &>> from
    let bits = UInt32(truncatingIfNeeded: value & ((1 &<< length) &- 1))
    let high = value &>> (length &- 1)
    return (field.inserting(bits, into: instruction), high == 0 || high == -1)
  }
}

extension Relocation.Field {
  /// As `aarch64_insn_encode_immediate()`.
  func inserting(_ bits: UInt32, into instruction: UInt32) -> UInt32 {
    switch self {
    case .address:
      instruction & ~(3 &<< 29 | 0x7_ffff &<< 5) | (bits & 3) &<< 29 | (bits &>> 2 & 0x7_ffff) &<< 5
    case .bits12: instruction & ~(0xfff &<< 10) | (bits & 0xfff) &<< 10
    case .bits14: instruction & ~(0x3fff &<< 5) | (bits & 0x3fff) &<< 5
    case .bits19: instruction & ~(0x7_ffff &<< 5) | (bits & 0x7_ffff) &<< 5
    case .bits26: instruction & ~0x3ff_ffff | bits & 0x3ff_ffff
    }
  }
}
