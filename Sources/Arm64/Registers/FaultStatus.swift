/// Why a translation or an access failed: the fault status code of an abort (Arm ARM, ESR_EL1.DFSC).
///
/// A level is that of the table whose descriptor ended the walk, -1 to 3. An address outside its
/// half is a translation fault at level 0, whatever the first level is.
public enum FaultStatus: BitwiseCopyable, Hashable, Sendable {
  /// A descriptor, or TTBR (level 0), points beyond the output address size.
  case addressSize(level: Int8)
  /// Nothing is mapped.
  case translation(level: Int8)
  /// The access flag is clear and the CPU does not set it by itself.
  case accessFlag(level: Int8)
  /// Mapped, but not for this access.
  case permission(level: Int8)
  /// A table lies where no memory answers.
  case externalAbortOnWalk(level: Int8)
  /// No memory answers at the output address.
  case externalAbort
  case tagCheck
  case alignment
  /// Two TLB entries match: software broke the rules of break-before-make.
  case tlbConflict
  case other(code: UInt8)

  /// Decodes the six bits of ESR_EL1.IFSC or DFSC.
  @inlinable public init(code: UInt64) {
    let level = Int8(truncatingIfNeeded: code & 3)
    switch code & 0x3f {
    case 0b000000...0b000011: self = .addressSize(level: level)
    case 0b000100...0b000111: self = .translation(level: level)
    case 0b001000...0b001011: self = .accessFlag(level: level)
    case 0b001100...0b001111: self = .permission(level: level)
    case 0b010000: self = .externalAbort
    case 0b010001: self = .tagCheck
    case 0b010011: self = .externalAbortOnWalk(level: -1)
    case 0b010100...0b010111: self = .externalAbortOnWalk(level: level)
    case 0b100001: self = .alignment
    case 0b101001: self = .addressSize(level: -1)
    case 0b101011: self = .translation(level: -1)
    case 0b110000: self = .tlbConflict
    default: self = .other(code: UInt8(truncatingIfNeeded: code & 0x3f))
    }
  }

  /// The six bits, as ESR_EL1 and PAR_EL1.FST hold them.
  @inlinable public var code: UInt64 {
    switch self {
    case .addressSize(let level): level < 0 ? 0b101001 : 0b000000 | UInt64(level)
    case .translation(let level): level < 0 ? 0b101011 : 0b000100 | UInt64(level)
    case .accessFlag(let level): 0b001000 | UInt64(level & 3)
    case .permission(let level): 0b001100 | UInt64(level & 3)
    case .externalAbortOnWalk(let level): level < 0 ? 0b010011 : 0b010100 | UInt64(level)
    case .externalAbort: 0b010000
    case .tagCheck: 0b010001
    case .alignment: 0b100001
    case .tlbConflict: 0b110000
    case .other(let code): UInt64(code) & 0x3f
    }
  }
}
