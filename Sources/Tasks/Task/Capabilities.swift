import Files

/// What a thread may do that others may not (kernel/capability.c, security/commoncap.c).
///
/// Memory's privileges hang on them: when one of the four that memory asks for is missing, none of
/// its exceptions is made.
public struct Capabilities: BitwiseCopyable, Sendable {
  /// The 41 that Linux 6.1 knows, up to CAP_CHECKPOINT_RESTORE.
  public static var all: UInt64 { 0x1ff_ffff_ffff }
  /// CAP_SETPCAP.
  public static var setCapabilities: UInt64 { 1 << 8 }
  /// CAP_SYS_MODULE.
  public static var modules: UInt64 { 1 << 16 }
  /// CAP_SYS_NICE.
  public static var nice: UInt64 { 1 << 23 }
  /// CAP_SYSLOG.
  public static var systemLog: UInt64 { 1 << 34 }
  /// CAP_SYS_ADMIN.
  public static var administration: UInt64 { 1 << 21 }
  /// CAP_IPC_LOCK, CAP_SYS_RAWIO, CAP_SYS_ADMIN, CAP_SYS_RESOURCE.
  private static var memory: UInt64 { 1 << 14 | 1 << 17 | 1 << 21 | 1 << 24 }

  public var effective = Capabilities.all
  public var permitted = Capabilities.all
  public var inheritable: UInt64 = 0
  /// What no program can give, whatever its file says (`cap_bset`).
  public var bounding = Capabilities.all
  /// What programs without privileges of their own keep; a part of permitted and inheritable.
  public internal(set) var ambient: UInt64 = 0
  /// How user 0 is treated.
  public var security: SecurityBits = []

  public init() {}

  /// Whether it has all of some.
  public func has(_ some: UInt64) -> Bool { effective & some == some }

  /// Whether memory makes its exceptions.
  public var isMemoryPrivileged: Bool { has(Self.memory) }

  /// Follows a change of users (cap_emulate_setxuid()): who leaves user 0 altogether loses all.
  mutating func follow(from old: Credentials, to new: Credentials) {
    func hasRoot(_ one: Credentials) -> Bool {
      one.user == 0 || one.effectiveUser == 0 || one.savedUser == 0
    }
    guard !security.contains(.noUserFixup) else { return }
    if hasRoot(old) && !hasRoot(new) {
      if !security.contains(.keepsCapabilities) {
        permitted = 0
        effective = 0
      }
      ambient = 0
    }
    if old.effectiveUser == 0 && new.effectiveUser != 0 { effective = 0 }
    if old.effectiveUser != 0 && new.effectiveUser == 0 { effective = permitted }
  }

  /// What a new program of this user begins with (cap_bprm_creds_from_file()).
  mutating func execute(isRoot: Bool, isEffectivelyRoot: Bool) {
    let isPrivileged = !security.contains(.noRoot) && (isRoot || isEffectivelyRoot)
    permitted = (isPrivileged ? bounding | inheritable : 0) | ambient
    effective = isPrivileged && isEffectivelyRoot ? permitted : ambient
    security.remove(.keepsCapabilities)
  }

  /// Takes sets that a program asks for (cap_capset()): nothing that it had not, but what may be
  /// inherited, which CAP_SETPCAP widens up to the bounding set.
  public mutating func set(
    effective newEffective: UInt64, permitted newPermitted: UInt64,
    inheritable newInheritable: UInt64
  ) -> Bool {
    let mayWiden = has(Self.setCapabilities)
    guard mayWiden || newInheritable & ~(inheritable | permitted) == 0,
      newInheritable & ~(inheritable | bounding) == 0,
      newPermitted & ~permitted == 0, newEffective & ~newPermitted == 0
    else { return false }
    effective = newEffective
    permitted = newPermitted
    inheritable = newInheritable
    ambient &= permitted & inheritable
    return true
  }

  /// Makes a capability ambient; false if it is not permitted and inheritable.
  public mutating func raiseAmbient(_ capability: UInt64) -> Bool {
    guard permitted & inheritable & capability != 0, !security.contains(.noAmbientRaise) else {
      return false
    }
    ambient |= capability
    return true
  }

  public mutating func lowerAmbient(_ some: UInt64) { ambient &= ~some }
}

/// How user 0 is treated (include/uapi/linux/securebits.h): each of four, and a lock on each.
public struct SecurityBits: OptionSet, BitwiseCopyable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// User 0's programs get nothing for being its.
  public static var noRoot: Self { Self(rawValue: 1) }
  /// A change of users changes no capabilities.
  public static var noUserFixup: Self { Self(rawValue: 1 << 2) }
  /// Leaving user 0 leaves the permitted ones; until the next exec.
  public static var keepsCapabilities: Self { Self(rawValue: 1 << 4) }
  public static var keepsCapabilitiesLocked: Self { Self(rawValue: 1 << 5) }
  public static var noAmbientRaise: Self { Self(rawValue: 1 << 6) }

  /// All locks; the bits themselves are below them.
  private static var locks: UInt32 { 0xaa }

  /// Whether they may become others: locked ones stay, and locks are never undone.
  public func mayBecome(_ new: UInt64) -> Bool {
    let old = UInt64(rawValue)
    let locks = UInt64(Self.locks)
    return (old & locks) &>> 1 & (old ^ new) == 0 && old & locks & ~new == 0 && new & ~0xff == 0
  }
}
