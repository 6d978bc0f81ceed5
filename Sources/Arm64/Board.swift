public import BoardFormat
public import KernelLog
public import MemoryTypes

/// A TLB invalidation as a value: what to forget, in the terms of the TLBI instruction.
public enum TLBInvalidation: BitwiseCopyable, Hashable, Sendable {
  /// One page's last-level entry, of one address space (`TLBI VALE1`).
  case page(VirtualAddress, ASID)
  /// One page's entries and the table entries above it, of one address space (`TLBI VAE1`).
  case pageAndTables(VirtualAddress, ASID)
  /// Consecutive pages of one address space; the tables above them too where `tables` says so.
  case range(VirtualAddress, PageCount, ASID, tables: Bool)
  /// All entries of an address space that are not global (`TLBI ASIDE1`).
  case addressSpace(ASID)
  /// One page of the kernel half, with its table entries, for every address space (`TLBI VAAE1`).
  case kernelPage(VirtualAddress)
  /// Consecutive pages of the kernel half, with what walks know of them, for every address space
  /// (`flush_tlb_kernel_range()`): everything where they are many.
  case kernelRange(VirtualAddress, PageCount)
  /// Everything (`TLBI VMALLE1`).
  case all
}

/// What the kernel's libraries ask of the machine under them: RAM, translation, time.
///
/// There are two: QEMU's `virt` board, where these are instructions, and the host process, where
/// they are bytes of a mapping and recorded values. A board is a few words, or none, and is
/// copied freely.
public protocol Board: PhysicalMemory {
  /// The page size the machine runs with.
  var pageSize: PageSize { get }

  /// The translation regime: page size, VA bits, levels.
  var translation: TranslationGeometry { get }

  /// Whether the CPU sets the access flag and the dirty state by itself (FEAT_HAFDBS, and on).
  var hasHardwareAccessAndDirty: Bool { get }

  /// Performs an invalidation and waits for it (`DSB ISHST`, `TLBI`, `DSB ISH`).
  func invalidate(_ invalidation: TLBInvalidation)

  /// Orders descriptor writes before later walks where an entry was invalid before (`DSB ISHST`,
  /// `ISB` is not needed for the user half).
  func publishDescriptors()

  /// The same for the kernel half, whose next access comes from this very stream of instructions
  /// (`DSB ISHST`, `ISB`: arch/arm64/include/asm/pgtable.h:set_pte()).
  func publishKernelDescriptors()

  /// Mappings of the kernel half are about to be taken away or limited, for whoever watches.
  func kernelMappingsChange()

  /// Makes instructions just written to a page visible to instruction fetch (`DC CVAU`, `IC IVAU`).
  func synchronizeInstructions(at address: PhysicalAddress, _ length: ByteCount)

  /// The virtual counter and its frequency: time since the machine began.
  var clock: MachineTime { get }

  /// A register of the window of devices, if the board has one.
  func readDevice(_ offset: UInt64) -> UInt32
  func writeDevice(_ offset: UInt64, _ value: UInt32)

  /// Orders accesses to memory that a device shares, and to its registers (`DSB SY`).
  func orderDeviceAccesses()

  /// Waits until a device wants something, or any other interrupt is there; may return early.
  func waitForDevice()

  /// What somebody wants to hear of; never changes while the machine runs.
  var traced: TraceCategories { get }

  /// Tells them; asked only for categories that are in ``traced``.
  func trace(_ record: TraceRecord)

  /// Where the kernel's log is kept; nil on a board that keeps none.
  var kernelLog: KernelPointer<KernelLog>? { get }

  /// Shows lines of the log at once, where somebody looks.
  func showLog(_ lines: UnsafeRawBufferPointer)

  /// A block of frames was given out or came back, which a sanitizer wants to know; asked only where
  /// ``traced`` says so.
  func framesChanged(at address: PhysicalAddress, _ length: ByteCount, areFree: Bool)

  /// The same of addresses in the vmalloc and module regions; false where the sanitizer has no memory
  /// for what it must know of new ones.
  func areaChanged(_ change: AreaChange, at address: VirtualAddress, _ length: ByteCount) -> Bool
}

extension Board {
  /// Whether a sanitizer wants to hear of frames and areas.
  @inlinable public var isSanitized: Bool { traced.contains(.sanitizer) }

  /// Most boards have no such devices.
  @inlinable public func readDevice(_ offset: UInt64) -> UInt32 { 0 }
  @inlinable public func writeDevice(_ offset: UInt64, _ value: UInt32) {}
  @inlinable public func orderDeviceAccesses() {}
  @inlinable public func waitForDevice() {}

  @inlinable public func publishKernelDescriptors() { publishDescriptors() }
  @inlinable public func kernelMappingsChange() {}

  /// Most boards have nobody who listens.
  @inlinable public var traced: TraceCategories { [] }
  @inlinable public func trace(_ record: TraceRecord) {}
  @inlinable public var kernelLog: KernelPointer<KernelLog>? { nil }
  @inlinable public func showLog(_ lines: UnsafeRawBufferPointer) {}
  @inlinable public func areaChanged(
    _ change: AreaChange, at address: VirtualAddress, _ length: ByteCount
  ) -> Bool { true }
  @inlinable public func framesChanged(
    at address: PhysicalAddress, _ length: ByteCount, areFree: Bool
  ) {}
}

/// A reading of the virtual counter (CNTVCT_EL0) with its frequency (CNTFRQ_EL0).
public struct MachineTime: BitwiseCopyable, Sendable {
  public var ticks: UInt64
  public var frequency: UInt64

  @inlinable public init(ticks: UInt64, frequency: UInt64) {
    self.ticks = ticks
    self.frequency = frequency
  }

  /// Nanoseconds since the counter was zero, rounded down.
  ///
  /// Whole seconds first: what is left of a second times 10^9 fits 64 bits for every frequency
  /// below 18 GHz.
  @inlinable public var nanoseconds: UInt64 {
    let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: frequency)
    return seconds &* 1_000_000_000 &+ rest &* 1_000_000_000 / frequency
  }
}

extension MachineTime {
  /// The ticks that make up a number of nanoseconds, rounded up.
  public func ticks(inNanoseconds nanoseconds: UInt64) -> UInt64 {
    let product = nanoseconds.multipliedFullWidth(by: frequency)
    guard product.high < 1_000_000_000 else { return UInt64(Int64.max) }
    let (quotient, remainder) = UInt64(1_000_000_000).dividingFullWidth(product)
    return min(quotient &+ (remainder == 0 ? 0 : 1), UInt64(Int64.max))
  }
}

/// What becomes of addresses in the vmalloc and module regions (include/linux/kasan.h).
public enum AreaChange: Sendable {
  /// An area has them, and nothing is there yet (`kasan_populate_vmalloc()`).
  case placed
  /// Its owner may use them (`kasan_unpoison_vmalloc()`).
  case opened
  /// They are nobody's (`kasan_poison_vmalloc()`).
  case closed
  /// They can be had again, and lie in free ones (`kasan_release_vmalloc()`).
  case released(Range<VirtualAddress>)
}
