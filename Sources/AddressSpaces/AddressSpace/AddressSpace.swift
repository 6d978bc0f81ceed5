public import Arm64
public import KernelLayout
public import MemoryTypes

/// One address space: Linux's `mm_struct`, in a slab cache of its own, shared by `users` tasks.
///
/// Terms. An *area* (``VirtualMemoryArea``) says what a run of pages means; the *tables* say which
/// frame each page has now. Areas are made by map, break and exec; pages come by faults. What was
/// promised (VM_ACCOUNT) is counted when the area is made, what is *resident* when the page comes.
///
/// Invariants, checked by ``checkInvariants()``:
/// - a present page lies in an area, and its descriptor allows no more than the area;
/// - `totalPages == sum of the areas' pages`; `dataPages`, `executablePages` and `stackPages` are
///   the parts of it that Linux calls so;
/// - `resident[kind] + the tasks' deltas == pages of that kind in the tables`;
/// - `tableBytes == pages of tables below the root`; a table exists only where an area is near.
///
/// Methods are called in place (`space.pointee.map(…)`). They never suspend, so nothing is locked.
/// Addresses, lengths and flags are a program's: every one is checked here.
@safe public struct AddressSpace<B: Board>: ~Copyable {
  let staysInPlace = Resident()
  /// Its own place: a task's space is compared with it.
  var here: KernelPointer<AddressSpace<B>>?
  /// What all address spaces share.
  public let context: KernelPointer<MemoryContext<B>>
  /// The list of all spaces, and whether aging has gone through this one.
  public internal(set) var nextSpace: KernelPointer<AddressSpace<B>>?
  var previousSpace: KernelPointer<AddressSpace<B>>?
  public var wasWalked = false
  /// Tasks that run in it, and those that only look (`mm_users`).
  public internal(set) var users: Int = 1

  /// The areas in address order.
  public internal(set) var areas: AreaTree
  /// The number of areas (`map_count`).
  public var mapCount: Int { areas.count }

  /// The root table's frame.
  public let root: PageFrameNumber
  /// The ASID in the low 16 bits, its generation above (`mm->context.id`).
  var contextID: UInt64 = 0

  /// The landmarks of its user half, which exec chooses: of a 64-bit program until then.
  public internal(set) var user: UserLayout
  /// Where searches for room begin, and in which direction (`mmap_base`).
  public internal(set) var mmapBase = VirtualAddress(0)
  public internal(set) var isLegacyLayout = false

  /// The program break as last set, and where it began (`mm->brk`, `mm->start_brk`).
  public var programBreak = VirtualAddress(0)
  public var startBreak = VirtualAddress(0)
  /// The bounds that exec found in the program (`mm->start_code` and on).
  public var startCode = VirtualAddress(0)
  public var endCode = VirtualAddress(0)
  public var startData = VirtualAddress(0)
  public var endData = VirtualAddress(0)
  public var startStack = VirtualAddress(0)
  public var argumentsStart = VirtualAddress(0)
  public var argumentsEnd = VirtualAddress(0)
  public var environmentStart = VirtualAddress(0)
  public var environmentEnd = VirtualAddress(0)
  /// The auxiliary vector in the stack, for `/proc/self/auxv`.
  public var auxiliaryVector = VirtualAddress(0)
  public var auxiliaryLength = ByteCount(0)
  /// Where `[vdso]` is (AT_SYSINFO_EHDR); 0 without one.
  public var vdso = VirtualAddress(0)
  /// Where a 32-bit program's `[sigpage]` is; 0 without one.
  public var signalPage = VirtualAddress(0)
  /// The page of slots of its breakpoints (``ProbeTable``); 0 without any.
  public internal(set) var probeSlots = VirtualAddress(0)
  /// What every new area gets besides (mlockall's MCL_FUTURE; `mm->def_flags`).
  public internal(set) var defaultFlags: AreaFlags = []

  /// How far the out-of-memory rule has come with it, and whether its reaper is set
  /// (MMF_OOM_REAP_QUEUED).
  public var outOfMemory = OutOfMemoryState.none
  public var isReaperQueued = false

  /// What membarrier was told to be ready for, as its commands' bits (`membarrier_state`).
  public var barriers: UInt32 = 0

  /// Virtual pages: all, and by the kinds of `VmData`, `VmExe` with `VmLib`, and `VmStk`.
  public internal(set) var totalPages = PageCount(0)
  public internal(set) var dataPages = PageCount(0)
  public internal(set) var executablePages = PageCount(0)
  public internal(set) var stackPages = PageCount(0)
  public internal(set) var lockedPages = PageCount(0)
  /// Most virtual and resident pages ever, as of the last time they were lowered.
  var peakTotal = PageCount(0)
  var peakResident = PageCount(0)
  /// Whether others of the same user may look into it (`get_dumpable()`): from exec on, until the
  /// process becomes somebody else.
  public var isDumpable = true
  /// Whether it may have no huge pages (PR_SET_THP_DISABLE, `MMF_DISABLE_THP`).
  public var forbidsHugePages = false

  /// Resident pages by ``PageKind``, less what tasks hold back (``TaskMemory``).
  var resident: InlineArray<4, Int64> = .init(repeating: 0)
  /// Where it faulted last on a page of swap.
  var swapReadahead = SwapFaultWindow()
  /// What reclaim has taken of it.
  public internal(set) var taken = TakenPages()
  /// What is to be populated still, when room was made (``takeUnpopulated()``).
  var unpopulated: (start: VirtualAddress, end: VirtualAddress)?
  /// Bytes of page tables below the root (`pgtables_bytes`, VmPTE).
  public internal(set) var tableBytes = ByteCount(0)

  init(
    context: KernelPointer<MemoryContext<B>>, root: PageFrameNumber, stackGuard: ByteCount
  ) {
    self.context = context
    self.root = root
    user = context.pointee.layout.user
    areas = AreaTree(stackGuard: stackGuard)
  }
}
