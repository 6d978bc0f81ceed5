import Files

/// What a thread may do that others may not (kernel/capability.c, security/commoncap.c).
///
/// Memory's privileges hang on them: when one of the four that memory asks for is missing, none of
/// its exceptions is made.
public struct Capabilities: BitwiseCopyable, Sendable {
  /// The 41 that Linux 6.1 knows, up to CAP_CHECKPOINT_RESTORE.
  public static var all: UInt64 { 0x1ff_ffff_ffff }
  /// CAP_SYS_NICE.
  public static var nice: UInt64 { 1 << 23 }
  /// CAP_SYS_ADMIN.
  public static var administration: UInt64 { 1 << 21 }
  /// CAP_IPC_LOCK, CAP_SYS_RAWIO, CAP_SYS_ADMIN, CAP_SYS_RESOURCE.
  private static var memory: UInt64 { 1 << 14 | 1 << 17 | 1 << 21 | 1 << 24 }

  public var effective = Capabilities.all
  public var permitted = Capabilities.all
  public var inheritable: UInt64 = 0
  /// Whether what is permitted stays when it leaves user 0 (SECURE_KEEP_CAPS), until exec.
  public var staysPermitted = false

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
    if hasRoot(old) && !hasRoot(new) && !staysPermitted {
      permitted = 0
      effective = 0
    }
    if old.effectiveUser == 0 && new.effectiveUser != 0 { effective = 0 }
    if old.effectiveUser != 0 && new.effectiveUser == 0 { effective = permitted }
  }

  /// What a new program of this user begins with (cap_bprm_creds_from_file()).
  mutating func execute(isRoot: Bool, isEffectivelyRoot: Bool) {
    permitted = isRoot || isEffectivelyRoot ? Self.all : 0
    effective = isEffectivelyRoot ? permitted : 0
    staysPermitted = false
  }
}
