public import Arm64
public import MemoryTypes

/// What a core does to memory.
public enum AccessKind: UInt64, BitwiseCopyable, CaseIterable, Hashable, Sendable {
  case load = 0
  case store
  /// Instruction fetch.
  case fetch
  /// A whole line is set to zero and not read before (DC ZVA).
  case clear
}

/// One access, in the 8 bytes in which traces and the observer hand it to the model.
///
/// ```
///  63      62  61 60  59   53  52        0
///  kernel   –   kind    size    address
/// ```
///
/// The address has 53 bits: bit 52 is that of the half, above it they all are the same (a tag byte
/// is not kept). The size is 1 to 127 bytes.
public struct AccessRecord: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// An access of `size` bytes, 1 to 127.
  @inlinable public init(
    _ kind: AccessKind, _ address: VirtualAddress, size: UInt64, by privilege: Privilege
  ) {
    rawValue =
      address.rawValue & Self.addressMask | (size & 127) &<< 53 | kind.rawValue &<< 60
      | (privilege == .kernel ? 1 &<< 63 : 0)
  }

  @inlinable static var addressMask: UInt64 { 0x001f_ffff_ffff_ffff }

  @inlinable public var kind: AccessKind {
    switch (rawValue &>> 60) & 3 {
    case 0: .load
    case 1: .store
    case 2: .fetch
    default: .clear
    }
  }
  @inlinable public var size: UInt64 { (rawValue &>> 53) & 127 }
  @inlinable public var privilege: Privilege { rawValue &>> 63 != 0 ? .kernel : .user }
  /// The address, bit 52 extended upwards.
  @inlinable public var address: VirtualAddress {
    VirtualAddress(UInt64(bitPattern: Int64(bitPattern: rawValue &<< 11) &>> 11))
  }
}
