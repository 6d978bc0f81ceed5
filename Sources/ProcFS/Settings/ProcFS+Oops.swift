import MemoryTypes
import Tasks

/// The settings that the kernel's reports on itself obey.
extension ProcFS {
  /// `kernel.panic_on_oops`.
  ///
  /// 0 unless somebody sets it, as in a kernel without CONFIG_PANIC_ON_OOPS (the recorded ones have
  /// it): what a module does wrong is to be survived.
  public var panicsOnOops: Bool { value(of: .panicOnOops) != 0 }

  /// `kernel.panic_on_warn`.
  public var panicsOnWarning: Bool { value(of: .panicOnWarn) != 0 }

  /// `kernel.kptr_restrict`.
  public var pointerRestriction: Int64 { value(of: .kptrRestrict) }

  /// Whether the caller sees the kernel's addresses (kernel/ksyms_common.c:
  /// kallsyms_show_value(); there are no performance events whose users would see them, too).
  var showsKernelAddresses: Bool {
    pointerRestriction < 2 && kernel.current.pointee.capabilities.has(Capabilities.systemLog)
  }

  /// `kernel.oops_limit` and `kernel.warn_limit`; 0 for none.
  public var oopsLimit: UInt64 { UInt64(max(0, value(of: .oopsLimit))) }
  public var warningLimit: UInt64 { UInt64(max(0, value(of: .warnLimit))) }
}
