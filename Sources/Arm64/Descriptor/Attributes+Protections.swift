/// Protections by Linux's names (arch/arm64/include/asm/pgtable-prot.h).
///
/// A shared writable mapping begins clean, so it has both ``readOnly`` and ``writable``. A private
/// writable one begins read-only (`protection_map[]` has no writable entry without VM_SHARED);
/// `Descriptor.madeWritable` follows when its own frame is there.
extension Descriptor.Attributes {
  @inlinable static var page: Self { [.valid, .tableBit, .accessed, .innerShareable] }

  /// Nobody may touch it (PAGE_NONE).
  @inlinable public static var userNone: Self {
    userReadOnly.subtracting([.valid, .user]).union(.protNone)
  }
  /// EL0 reads (PAGE_READONLY).
  @inlinable public static var userReadOnly: Self {
    [page, .user, .readOnly, .notGlobal, .privilegedExecuteNever, .userExecuteNever]
  }
  /// EL0 reads and executes (PAGE_READONLY_EXEC).
  @inlinable public static var userReadOnlyExecute: Self {
    userReadOnly.subtracting(.userExecuteNever)
  }
  /// EL0 reads, and writes once the page is dirty (PAGE_SHARED).
  @inlinable public static var userReadWrite: Self { userReadOnly.union(.writable) }
  /// EL0 reads and executes, and writes once the page is dirty (PAGE_SHARED_EXEC).
  @inlinable public static var userReadWriteExecute: Self {
    userReadOnlyExecute.union(.writable)
  }
  /// EL0 executes and does not read (PAGE_EXECONLY); only used with FEAT_PAN3.
  @inlinable public static var userExecuteOnly: Self {
    userReadOnlyExecute.subtracting(.user)
  }

  /// EL1 reads and writes data (PAGE_KERNEL).
  @inlinable public static var kernel: Self { kernelNormal.union(.softwareDirty) }
  /// EL1 reads (PAGE_KERNEL_RO).
  @inlinable public static var kernelReadOnly: Self {
    kernel.subtracting(.writable).union(.readOnly)
  }
  /// EL1 reads and executes: kernel text (PAGE_KERNEL_ROX).
  @inlinable public static var kernelReadOnlyExecute: Self {
    kernelReadOnly.subtracting(.privilegedExecuteNever)
  }
  /// EL1 reads, writes and executes (PAGE_KERNEL_EXEC).
  @inlinable public static var kernelExecute: Self {
    kernel.subtracting(.privilegedExecuteNever)
  }
  /// The linear map: normal memory, tagged where the CPU has MTE (pgprot_tagged(PAGE_KERNEL)).
  @inlinable public static var kernelLinearMap: Self { kernel.with(.normalTagged) }
  /// Device registers (PROT_DEVICE_nGnRE).
  @inlinable public static var device: Self { kernelNormal.with(.deviceNGnRE) }
  /// PCI configuration space and the like (PROT_DEVICE_nGnRnE).
  @inlinable public static var deviceNonGathering: Self { kernelNormal.with(.deviceNGnRnE) }
  /// Normal memory without caches (PROT_NORMAL_NC).
  @inlinable public static var kernelNonCacheable: Self {
    kernelNormal.with(.normalNonCacheable)
  }

  @inlinable static var kernelNormal: Self {
    [page, .privilegedExecuteNever, .userExecuteNever, .writable]
  }
}
