/// Young and old, clean and dirty, writable and not: Linux's `pte_*` predicates and transitions
/// (arch/arm64/include/asm/pgtable.h) for present leaf descriptors.
extension Descriptor {
  /// Accessed (`pte_young`).
  @inlinable public var isYoung: Bool { has(.accessed) }
  /// May be written, now or after a fault that makes it dirty (`pte_write`).
  @inlinable public var isWritable: Bool { has(.writable) }
  /// Writable and already open to writes: dirty as the hardware says it (`pte_hw_dirty`).
  @inlinable public var isHardwareDirty: Bool {
    rawValue & (Attributes.writable.rawValue | Attributes.readOnly.rawValue)
      == Attributes.writable.rawValue
  }
  /// Dirty as software remembers it (`pte_sw_dirty`).
  @inlinable public var isSoftwareDirty: Bool { has(.softwareDirty) }
  /// Written since it was last cleaned (`pte_dirty`).
  @inlinable public var isDirty: Bool { isSoftwareDirty || isHardwareDirty }
  /// Without a frame that is counted (`pte_special`).
  @inlinable public var isSpecial: Bool { has(.special) }
  /// One of a contiguous run (`pte_cont`).
  @inlinable public var isContiguous: Bool { has(.contiguous) }
  /// EL0 may access it (`pte_user`).
  @inlinable public var isUser: Bool { has(.user) }
  /// EL0 may execute it (`pte_user_exec`).
  @inlinable public var isUserExecutable: Bool { !has(.userExecuteNever) }
  /// Present, and nobody may touch it (`pte_protnone`).
  @inlinable public var isProtNone: Bool {
    rawValue & (Attributes.valid.rawValue | Attributes.protNone.rawValue)
      == Attributes.protNone.rawValue
  }

  /// With the access flag (`pte_mkyoung`).
  @inlinable public var madeYoung: Self { setting(.accessed) }
  /// Without the access flag (`pte_mkold`).
  @inlinable public var madeOld: Self { clearing(.accessed) }
  /// Without a frame that is counted (`pte_mkspecial`).
  @inlinable public var madeSpecial: Self { setting(.special) }

  /// Writable; and open to writes at once if it is dirty by software (`pte_mkwrite`).
  @inlinable public var madeWritable: Self {
    let writable = setting(.writable)
    return writable.isSoftwareDirty ? writable.clearing(.readOnly) : writable
  }

  /// Dirty; and open to writes if it is writable (`pte_mkdirty`).
  @inlinable public var madeDirty: Self {
    let dirty = setting(.softwareDirty)
    return dirty.isWritable ? dirty.clearing(.readOnly) : dirty
  }

  /// Clean: the next write is noticed again (`pte_mkclean`).
  @inlinable public var madeClean: Self { clearing(.softwareDirty).setting(.readOnly) }

  /// Not writable; a hardware-dirty page stays dirty by software (`pte_wrprotect`).
  @inlinable public var writeProtected: Self {
    (isHardwareDirty ? setting(.softwareDirty) : self).clearing(.writable).setting(.readOnly)
  }

  /// With another protection, its frame, access flag and dirtiness kept (`pte_modify`).
  @inlinable public func modified(to protection: Attributes) -> Self {
    let mask = Self.protectionMask
    let kept = isHardwareDirty ? setting(.softwareDirty) : self
    let changed = Self(kept.rawValue & ~mask | protection.rawValue & mask)
    return changed.isSoftwareDirty ? changed.madeDirty : changed
  }

  /// What a protection decides about a present descriptor, as opposed to its history.
  @inlinable static var protectionMask: UInt64 {
    let flags: Attributes = [
      .valid, .user, .readOnly, .guarded, .writable, .privilegedExecuteNever, .userExecuteNever,
      .protNone,
    ]
    return flags.rawValue | Attributes.memoryTypeMask
  }

  @inlinable func has(_ one: Attributes) -> Bool { rawValue & one.rawValue != 0 }
  /// With more attributes (`set_pte_bit()`).
  @inlinable public func setting(_ more: Attributes) -> Self { Self(rawValue | more.rawValue) }
  /// Without some attributes (`clear_pte_bit()`).
  @inlinable public func clearing(_ some: Attributes) -> Self { Self(rawValue & ~some.rawValue) }
}
