public import MemoryTypes

/// ESR_EL1: what an exception was (Arm ARM D17.2.37).
///
/// Bits 31:26 are the class, 24:0 a syndrome that each class reads its own way.
public struct ExceptionSyndrome: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The class as a number, 0 to 63 (`ESR_ELx_EC`).
  @inlinable public var classCode: UInt64 { (rawValue &>> 26) & 0x3f }

  /// The class, or nil for one that AArch64 at EL1 does not report.
  @inlinable public var exceptionClass: ExceptionClass? {
    ExceptionClass(rawValue: UInt8(truncatingIfNeeded: classCode))
  }

  /// The syndrome: 25 bits (`ESR_ELx_ISS`).
  @inlinable public var syndrome: UInt64 { rawValue & 0x1ff_ffff }

  /// The immediate of SVC, BRK and their like.
  @inlinable public var immediate: UInt64 { rawValue & 0xffff }

  // Of instruction and data aborts:

  /// Why the access failed.
  @inlinable public var faultStatus: FaultStatus { FaultStatus(code: rawValue) }

  /// An instruction fetch failed, at either level (`is_el0_instruction_abort` and EL1's).
  @inlinable public var isInstructionAbort: Bool { classCode & 0x3e == 0x20 }

  /// A load, a store or cache maintenance failed, at either level.
  @inlinable public var isDataAbort: Bool { classCode & 0x3e == 0x24 }

  /// It happened in EL0.
  @inlinable public var isFromUser: Bool { classCode & 1 == 0 }

  /// A write failed: WnR, and not cache maintenance, which only needs to read
  /// (arch/arm64/mm/fault.c:is_write_abort).
  @inlinable public var isWrite: Bool { rawValue & (1 << 6 | 1 << 8) == 1 << 6 }

  /// The failing instruction was cache maintenance or address translation (CM).
  @inlinable public var isCacheMaintenance: Bool { rawValue & (1 << 8) != 0 }

  /// FAR_EL1 says nothing about it (FnV).
  @inlinable public var hasNoFaultAddress: Bool { rawValue & (1 << 10) != 0 }

  /// The page is missing, at any level.
  @inlinable public var isTranslationFault: Bool {
    rawValue & 0x3c == 0x04 || rawValue & 0x3f == 0b101011
  }
  /// The page is there, the access is not allowed.
  @inlinable public var isPermissionFault: Bool { rawValue & 0x3c == 0x0c }
  /// The page is there and old.
  @inlinable public var isAccessFlagFault: Bool { rawValue & 0x3c == 0x08 }

  /// A trapped MSR, MRS or system instruction.
  @inlinable public var systemInstruction: SystemInstruction {
    SystemInstruction(syndrome: syndrome)
  }
}

/// A class of exceptions, by its code in ESR_EL1.EC.
public enum ExceptionClass: UInt8, BitwiseCopyable, Sendable {
  case unknown = 0x00
  case waitForInterrupt = 0x01
  case floatingPointAccess = 0x07
  case pointerAuthentication = 0x09
  case branchTarget = 0x0d
  case illegalState = 0x0e
  case supervisorCall = 0x15
  case systemInstruction = 0x18
  case scalableVectorAccess = 0x19
  case pointerAuthenticationFailure = 0x1c
  case scalableMatrixAccess = 0x1d
  case instructionAbortUser = 0x20
  case instructionAbortKernel = 0x21
  case programCounterAlignment = 0x22
  case dataAbortUser = 0x24
  case dataAbortKernel = 0x25
  case stackPointerAlignment = 0x26
  case floatingPointException = 0x2c
  case systemError = 0x2f
  case breakpointUser = 0x30
  case breakpointKernel = 0x31
  case softwareStepUser = 0x32
  case softwareStepKernel = 0x33
  case watchpointUser = 0x34
  case watchpointKernel = 0x35
  case breakInstruction = 0x3c
}

/// What a trapped MSR, MRS or system instruction wanted (ISS of class 0x18).
public struct SystemInstruction: BitwiseCopyable, Hashable, Sendable {
  public let op0, op1, crn, crm, op2: UInt8
  /// The general register, 31 for XZR.
  public let register: Int
  public let isRead: Bool

  @inlinable public init(syndrome: UInt64) {
    op0 = UInt8(truncatingIfNeeded: (syndrome &>> 20) & 3)
    op2 = UInt8(truncatingIfNeeded: (syndrome &>> 17) & 7)
    op1 = UInt8(truncatingIfNeeded: (syndrome &>> 14) & 7)
    crn = UInt8(truncatingIfNeeded: (syndrome &>> 10) & 0xf)
    register = Int(truncatingIfNeeded: (syndrome &>> 5) & 0x1f)
    crm = UInt8(truncatingIfNeeded: (syndrome &>> 1) & 0xf)
    isRead = syndrome & 1 != 0
  }

  /// An ID register: MRS of op0 3, op1 0, CRn 0, CRm 0–7, which Linux answers for EL0
  /// (arch/arm64/kernel/cpufeature.c:is_emulated).
  @inlinable public var isIdentificationRead: Bool {
    isRead && op0 == 3 && op1 == 0 && crn == 0 && crm < 8
  }
}

extension VirtualAddress {
  /// The address without its tag byte: bit 55 copied over bits 63:56 (`untagged_addr` for user
  /// addresses; what TBI translates).
  @inlinable public var untagged: VirtualAddress {
    VirtualAddress(UInt64(bitPattern: Int64(bitPattern: rawValue &<< 8) &>> 8))
  }

  /// Whether TTBR1 translates it: bit 55.
  @inlinable public var isKernelHalf: Bool { rawValue & (1 << 55) != 0 }
}
