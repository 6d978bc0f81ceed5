public import Files
public import MemoryTypes

/// PROT_* of mmap and mprotect; bits that Linux does not know are carried and ignored.
public struct Protection: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  public static let read = Self(rawValue: 1)
  public static let write = Self(rawValue: 2)
  public static let execute = Self(rawValue: 4)
  public static let growsDown = Self(rawValue: 0x0100_0000)
  public static let growsUp = Self(rawValue: 0x0200_0000)

  /// The access flags of an area with this protection (calc_vm_prot_bits()).
  @inlinable public var areaFlags: AreaFlags { AreaFlags(rawValue: rawValue & 7) }
}

/// MAP_* of mmap (include/uapi/linux/mman.h, asm-generic/mman-common.h).
public struct MapFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  public static let shared = Self(rawValue: 0x01)
  public static let `private` = Self(rawValue: 0x02)
  public static let sharedValidate = Self(rawValue: 0x03)
  public static let typeMask = Self(rawValue: 0x0f)
  public static let fixed = Self(rawValue: 0x10)
  public static let anonymous = Self(rawValue: 0x20)
  public static let growsDown = Self(rawValue: 0x0100)
  public static let denyWrite = Self(rawValue: 0x0800)
  public static let executable = Self(rawValue: 0x1000)
  public static let locked = Self(rawValue: 0x2000)
  public static let noReserve = Self(rawValue: 0x4000)
  public static let populate = Self(rawValue: 0x8000)
  public static let nonBlock = Self(rawValue: 0x1_0000)
  public static let stack = Self(rawValue: 0x2_0000)
  public static let hugePages = Self(rawValue: 0x4_0000)
  public static let fixedNoReplace = Self(rawValue: 0x10_0000)
}

/// What mmap was asked for.
@safe public struct MappingRequest: BitwiseCopyable {
  /// The address, or hint.
  public var address: VirtualAddress
  public var length: ByteCount
  public var protection: Protection
  public var flags: MapFlags
  /// The file; nil for anonymous memory. The mapping takes a reference of its own.
  public var file: KernelPointer<OpenFile>?
  /// Where in the file, in pages.
  public var pageOffset: UInt64

  @inlinable public init(
    address: VirtualAddress = VirtualAddress(0), length: ByteCount, protection: Protection,
    flags: MapFlags, file: KernelPointer<OpenFile>? = nil, pageOffset: UInt64 = 0
  ) {
    self.address = address
    self.length = length
    self.protection = protection
    self.flags = flags
    self.file = file
    self.pageOffset = pageOffset
  }
}

/// MREMAP_*.
public struct RemapFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  public static let mayMove = Self(rawValue: 1)
  public static let fixed = Self(rawValue: 2)
  public static let keepOld = Self(rawValue: 4)
}
