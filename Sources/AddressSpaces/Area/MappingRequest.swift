public import Files
public import MemoryTypes

/// PROT_* of mmap and mprotect; bits that Linux does not know are carried and ignored.
public struct Protection: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public static var read: Self { Self(rawValue: 1) }
  @inlinable public static var write: Self { Self(rawValue: 2) }
  @inlinable public static var execute: Self { Self(rawValue: 4) }
  @inlinable public static var growsDown: Self { Self(rawValue: 0x0100_0000) }
  @inlinable public static var growsUp: Self { Self(rawValue: 0x0200_0000) }

  /// The access flags of an area with this protection (calc_vm_prot_bits()).
  @inlinable public var areaFlags: AreaFlags { AreaFlags(rawValue: rawValue & 7) }
}

/// MAP_* of mmap (include/uapi/linux/mman.h, asm-generic/mman-common.h).
public struct MapFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public static var shared: Self { Self(rawValue: 0x01) }
  @inlinable public static var `private`: Self { Self(rawValue: 0x02) }
  @inlinable public static var sharedValidate: Self { Self(rawValue: 0x03) }
  @inlinable public static var typeMask: Self { Self(rawValue: 0x0f) }
  @inlinable public static var fixed: Self { Self(rawValue: 0x10) }
  @inlinable public static var anonymous: Self { Self(rawValue: 0x20) }
  @inlinable public static var growsDown: Self { Self(rawValue: 0x0100) }
  @inlinable public static var denyWrite: Self { Self(rawValue: 0x0800) }
  @inlinable public static var executable: Self { Self(rawValue: 0x1000) }
  @inlinable public static var locked: Self { Self(rawValue: 0x2000) }
  @inlinable public static var noReserve: Self { Self(rawValue: 0x4000) }
  @inlinable public static var populate: Self { Self(rawValue: 0x8000) }
  @inlinable public static var nonBlock: Self { Self(rawValue: 0x1_0000) }
  @inlinable public static var stack: Self { Self(rawValue: 0x2_0000) }
  @inlinable public static var hugePages: Self { Self(rawValue: 0x4_0000) }
  @inlinable public static var fixedNoReplace: Self { Self(rawValue: 0x10_0000) }
}

/// What mmap was asked for.
@safe public struct MappingRequest: BitwiseCopyable {
  /// The address, or hint.
  public var address: VirtualAddress
  public var length: ByteCount
  public var protection: Protection
  public var flags: MapFlags
  /// The file; nil for anonymous memory.
  ///
  /// The mapping takes a reference of its own.
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
  @inlinable public static var mayMove: Self { Self(rawValue: 1) }
  @inlinable public static var fixed: Self { Self(rawValue: 2) }
  @inlinable public static var keepOld: Self { Self(rawValue: 4) }
}
