extension Descriptor {
  /// Everything in a page or block descriptor that is not its output address.
  ///
  /// Linux's `pgprot_t`: a protection is a whole set of them, type bits included, so that a
  /// descriptor is one OR of an address and a protection.
  public struct Attributes: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt64
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The descriptor is used by the MMU (PTE_VALID).
    @inlinable public static var valid: Self { Self(rawValue: 1 << 0) }
    /// With `valid`: a page at level 3; without it, above level 3, a block (PTE_TABLE_BIT).
    @inlinable public static var tableBit: Self { Self(rawValue: 1 << 1) }
    /// AP[1]: EL0 may access (PTE_USER).
    @inlinable public static var user: Self { Self(rawValue: 1 << 6) }
    /// AP[2]: no one may write, or no one has yet (PTE_RDONLY).
    @inlinable public static var readOnly: Self { Self(rawValue: 1 << 7) }
    /// SH = inner shareable (PTE_SHARED).
    @inlinable public static var innerShareable: Self { Self(rawValue: 3 << 8) }
    /// AF: accessed since it was last cleared (PTE_AF).
    @inlinable public static var accessed: Self { Self(rawValue: 1 << 10) }
    /// nG: the TLB entry belongs to one ASID (PTE_NG).
    @inlinable public static var notGlobal: Self { Self(rawValue: 1 << 11) }
    /// GP: a guarded page, BTI (PTE_GP).
    @inlinable public static var guarded: Self { Self(rawValue: 1 << 50) }
    /// DBM: with hardware dirty state, a write clears AP[2] (PTE_DBM).
    ///
    /// The same bit as ``writable``.
    @inlinable public static var dirtyBitModifier: Self { Self(rawValue: 1 << 51) }
    /// The page may be written, now or after a fault (PTE_WRITE).
    @inlinable public static var writable: Self { dirtyBitModifier }
    /// One of a naturally aligned run of alike entries, which a TLB may hold as one (PTE_CONT).
    @inlinable public static var contiguous: Self { Self(rawValue: 1 << 52) }
    /// PXN: EL1 may not execute.
    @inlinable public static var privilegedExecuteNever: Self { Self(rawValue: 1 << 53) }
    /// UXN: EL0 may not execute.
    @inlinable public static var userExecuteNever: Self { Self(rawValue: 1 << 54) }
    /// Written since it was last cleaned, kept by software (PTE_DIRTY).
    @inlinable public static var softwareDirty: Self { Self(rawValue: 1 << 55) }
    /// No page frame with a count of its own: the zero page, devices (PTE_SPECIAL).
    @inlinable public static var special: Self { Self(rawValue: 1 << 56) }
    /// Persistent memory (PTE_DEVMAP).
    @inlinable public static var deviceMemory: Self { Self(rawValue: 1 << 57) }
    /// Present though invalid: PROT_NONE (PTE_PROT_NONE).
    @inlinable public static var protNone: Self { Self(rawValue: 1 << 58) }

    /// The attributes with a memory type (PTE_ATTRINDX).
    @inlinable public func with(_ type: MemoryType) -> Self {
      Self(rawValue: rawValue & ~Self.memoryTypeMask | UInt64(type.rawValue) &<< 2)
    }

    /// AttrIndx: which byte of MAIR_EL1 describes the memory.
    @inlinable public var memoryTypeIndex: Int { Int(rawValue &>> 2) & 7 }

    /// SH[1:0]: 0 not shareable, 2 outer, 3 inner.
    @inlinable public var shareability: Int { Int(rawValue &>> 8) & 3 }

    /// The bits of AttrIndx (PTE_ATTRINDX_MASK).
    @inlinable public static var memoryTypeMask: UInt64 { 7 << 2 }
  }

  /// The upper bits of a table descriptor, which limit everything under it (Arm ARM D8.4).
  public struct TableAttributes: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt64
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// EL1 executes nothing under this table (PMD_TABLE_PXN).
    @inlinable public static var privilegedExecuteNever: Self { Self(rawValue: 1 << 59) }
    /// EL0 executes nothing under this table (PMD_TABLE_UXN).
    @inlinable public static var userExecuteNever: Self { Self(rawValue: 1 << 60) }
    /// APTable[0]: EL0 accesses nothing under this table.
    @inlinable public static var noUserAccess: Self { Self(rawValue: 1 << 61) }
    /// APTable[1]: nobody writes under this table.
    @inlinable public static var readOnly: Self { Self(rawValue: 1 << 62) }
    /// All of them.
    @inlinable public static var all: Self { Self(rawValue: 0b1111 << 59) }
  }

  /// The limits that a table descriptor sets.
  @inlinable public var tableAttributes: TableAttributes {
    TableAttributes(rawValue: rawValue & TableAttributes.all.rawValue)
  }
}

/// A memory type by its index in MAIR_EL1, numbered as Linux does (arch/arm64/include/asm/memory.h).
public enum MemoryType: UInt8, BitwiseCopyable, Sendable {
  case normal = 0
  case normalTagged = 1
  case normalNonCacheable = 2
  case deviceNGnRnE = 3
  case deviceNGnRE = 4

  /// Its byte in MAIR_EL1; `tagged` where the CPU has MTE and it is switched on.
  @inlinable public func attribute(tagged: Bool = false) -> UInt8 {
    switch self {
    case .normal: 0xff
    case .normalTagged: tagged ? 0xf0 : 0xff
    case .normalNonCacheable: 0x44
    case .deviceNGnRnE: 0x00
    case .deviceNGnRE: 0x04
    }
  }
}
