public import MemoryTypes

/// A stage 1 EL1&0 translation regime: two roots and the controls that decide how they are walked.
public struct TranslationRegime: BitwiseCopyable, Hashable, Sendable {
  public var geometry: TranslationGeometry
  /// The root of the lower half (TTBR0) and of the upper (TTBR1); nil where the half is switched
  /// off (TCR.EPD0, EPD1).
  public var lowerRoot: PhysicalAddress?
  public var upperRoot: PhysicalAddress?
  /// The bits that an output address may have (TCR.IPS).
  public var outputBits: UInt64
  /// The top byte of an address is ignored (TCR.TBI0, TBI1).
  public var ignoresLowerTag = true
  public var ignoresUpperTag = false
  /// The CPU sets access flags and dirty state by itself (TCR.HA, HD).
  public var hasHardwareAccessAndDirty: Bool

  @inlinable public init(
    geometry: TranslationGeometry, lowerRoot: PhysicalAddress? = nil,
    upperRoot: PhysicalAddress? = nil, outputBits: UInt64? = nil,
    hasHardwareAccessAndDirty: Bool = false
  ) {
    self.geometry = geometry
    self.lowerRoot = lowerRoot
    self.upperRoot = upperRoot
    self.outputBits = outputBits ?? geometry.outputBits
    self.hasHardwareAccessAndDirty = hasHardwareAccessAndDirty
  }
}

/// An access, as the MMU judges it.
public enum Access: BitwiseCopyable, Hashable, Sendable {
  case read, write, execute
}

/// Who accesses: EL0, or EL1.
public enum Privilege: BitwiseCopyable, Hashable, Sendable {
  case user, kernel
}

/// How a walk ends.
public enum Translation: BitwiseCopyable, Hashable, Sendable {
  case mapped(Mapping)
  case fault(FaultStatus)

  /// A page or block, and what all descriptors on the way allow together.
  public struct Mapping: BitwiseCopyable, Hashable, Sendable {
    /// The physical address of the byte that was asked for.
    public var address: PhysicalAddress
    /// The level of the descriptor that maps it; with the geometry, the mapping's size.
    public var level: Int
    /// The leaf descriptor, and the address it was read from.
    public var descriptor: Descriptor
    public var descriptorAddress: PhysicalAddress
    /// Its attributes after the limits of the tables above it: AP, UXN and PXN are effective.
    public var attributes: Descriptor.Attributes
  }
}

extension Translation.Mapping {
  /// Whether an access is allowed (Arm ARM D8.4, `AArch64.S1DirectBasePermissions`).
  ///
  /// EL1 executes nothing that EL0 may write. PAN and WXN are not asked.
  @inlinable public func allows(_ access: Access, by privilege: Privilege, hardwareDirty: Bool)
    -> Bool
  {
    let isUser = attributes.contains(.user)
    let isWritable =
      !attributes.contains(.readOnly) || hardwareDirty && attributes.contains(.dirtyBitModifier)
    switch (access, privilege) {
    case (.read, .user): return isUser
    case (.read, .kernel): return true
    case (.write, .user): return isUser && isWritable
    case (.write, .kernel): return isWritable
    case (.execute, .user): return !attributes.contains(.userExecuteNever)
    case (.execute, .kernel):
      return !attributes.contains(.privilegedExecuteNever) && !(isUser && isWritable)
    }
  }
}

/// One table on the way of a walk.
public struct WalkStep: BitwiseCopyable, Hashable, Sendable {
  public var level: Int
  /// The table's first byte.
  public var table: PhysicalAddress
  /// Which of its descriptors the address chose, and what that was.
  public var index: Int
  public var descriptor: Descriptor
}
