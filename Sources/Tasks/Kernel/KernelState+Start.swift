import AddressSpaces
import Arm64
public import BoardFormat
public import Files
public import KernelHeap
public import KernelLayout
public import MemoryTypes
public import PageFrames

extension KernelState {
  /// What the kernel must have before it can have tasks.
  @safe public struct Foundation {
    public var board: B
    public var header: BoardHeader
    public var layout: KernelLayout
    public var frames: KernelPointer<FrameAllocator<B>>
    public var slab: KernelPointer<SlabAllocator<B>>
    public var vmalloc: KernelPointer<VMAllocator<B>>
    public var files: KernelPointer<FileSystem<B>>
    public var statistics: KernelPointer<Statistics>
    public var vdso: VDSOImage
    /// What 32-bit programs need, where they can run.
    public var compat: CompatPages?

    public init(
      board: B, header: BoardHeader, layout: KernelLayout,
      frames: KernelPointer<FrameAllocator<B>>, slab: KernelPointer<SlabAllocator<B>>,
      vmalloc: KernelPointer<VMAllocator<B>>,
      files: KernelPointer<FileSystem<B>>, statistics: KernelPointer<Statistics>, vdso: VDSOImage
    ) {
      self.board = board
      self.header = header
      self.layout = layout
      self.frames = frames
      self.slab = slab
      self.vmalloc = vmalloc
      self.files = files
      self.statistics = statistics
      self.vdso = vdso
    }
  }

  /// Makes process 1 and everything around it; nil if there is no memory.
  ///
  /// The caller goes on as process 1: what runs now is its kernel context.
  public static func start(_ foundation: Foundation) -> Self? {
    let slab = foundation.slab
    // SAFETY: a place for the moment, never read, until process 1 is there.
    let nobody = unsafe slab.raw
    guard
      let caches = TaskCaches<B>(slab), let waiters = WaitTable<B>(foundation.frames),
      let stores = slab.pointee.kmallocCache(of: KernelStore<B>.self, name: "kernel_state"),
      let contexts = slab.pointee.kmallocCache(
        of: MemoryContext<B>.self, name: "memory_context"),
      let context = MemoryContext(
        board: foundation.board, frames: foundation.frames, slab: slab, files: foundation.files,
        statistics: foundation.statistics, layout: foundation.layout,
        current: unsafe KernelPointer(nobody.assumingMemoryBound(to: TaskMemory<B>.self))),
      let memory = contexts.allocate(context),
      let paths = foundation.frames.pointee.allocate(
        Order(holding: ByteCount(8192).pagesNeeded(of: foundation.board.pageSize)), .kernel)
    else { return nil }
    memory.pointee.settings.mmapMinAddress = foundation.header.mmapMinAddress
    memory.pointee.settings.overcommit =
      MemorySettings.Overcommit(rawValue: foundation.header.overcommit) ?? .guess
    memory.pointee.settings.setReserves(
      freePages: foundation.frames.pointee.free, foundation.board.pageSize)
    let threads = maximumThreads(
      foundation.frames.pointee.managed.bytes(of: foundation.board.pageSize), foundation.layout)
    let value = KernelStore(
      foundation, memory: memory,
      initTask: unsafe KernelPointer(nobody.assumingMemoryBound(to: Task<B>.self)),
      caches: caches, waiters: waiters, maximumThreads: threads, pathBuffers: paths)
    guard let store = stores.allocate(value) else { return nil }
    let kernel = KernelState(store: store)
    kernel.applySettings()
    guard
      let handlers = caches.handlers.allocate(SignalHandlerTable(SignalActions())),
      let user = kernel.account(of: 0),
      let first = try? kernel.makeProcess(
        name: TaskName(exactly: "init"), limits: kernel.bootLimits, user: user,
        handlers: handlers)
    else { return nil }
    kernel.mapForInit(foundation.vdso)
    store.pointee.current = first
    store.pointee.initTask = first
    memory.pointee.current = Task.memoryPointer(first)
    kernel.link(first)
    return kernel
  }

  /// Counts the mapping of the vdso's code that process 1 has, as every process that called it.
  ///
  /// Process 1 is the kernel itself here and needs no tables for it. So a program's own mapping is a
  /// shared one, as smaps and kpagecount show on Linux.
  private func mapForInit(_ vdso: VDSOImage) {
    let frame = frames.pointee.frame(vdso.code)
    frame.pointee.mapCount &+= 1
    frame.pointee.referenceCount &+= 1
    frames.pointee.count(.nr_mapped, by: 1)
  }

  /// The settings that the tool gives, and those that hang on what is free while the machine
  /// starts (mm/mmap.c:init_user_reserve() and init_admin_reserve()).
  private func applySettings() {
    let header = store.pointee.header
    memory.pointee.settings.setReserves(freePages: frames.pointee.free, board.pageSize)
    memory.pointee.settings.mmapMinAddress = header.mmapMinAddress
    // The least that each page size allows, Linux's default: 1 GiB of addresses on all of them.
    memory.pointee.settings.mmapRandomBits = 30 &- board.pageSize.shift
    if header.options.contains(.randomizesLayout) {
      memory.pointee.settings.randomizeVASpace = 2
      store.pointee.layoutRandomness = LayoutRandomness(seed: header.randomSeed)
    }
    if let mode = MemorySettings.Overcommit(rawValue: header.overcommit) {
      memory.pointee.settings.overcommit = mode
    }
  }

  /// kernel/fork.c:set_max_threads(): thread stacks may take an eighth of RAM.
  static func maximumThreads(_ ram: ByteCount, _ layout: KernelLayout) -> UInt64 {
    min(max(ram.rawValue / (layout.threadSize.rawValue &* 8), 20), 0x3fff_ffff)
  }

  /// The limits that process 1 has and every other inherits
  /// (include/asm-generic/resource.h:INIT_RLIMITS, kernel/fork.c:fork_init()).
  var bootLimits: ResourceLimits {
    var limits = ResourceLimits()
    let processes = store.pointee.maximumThreads / 2
    let mebibyte: UInt64 = 1 << 20
    limits[.stack] = .init(soft: 8 &* mebibyte, hard: ResourceLimits.infinity)
    limits[.core] = .init(soft: 0, hard: ResourceLimits.infinity)
    limits[.processes] = .init(soft: processes, hard: processes)
    limits[.openFiles] = .init(soft: 1024, hard: 4096)
    limits[.lockedMemory] = .init(soft: 8 &* mebibyte, hard: 8 &* mebibyte)
    limits[.pendingSignals] = .init(soft: processes, hard: processes)
    limits[.messageQueues] = .init(soft: 819_200, hard: 819_200)
    limits[.nice] = .init(soft: 0, hard: 0)
    limits[.realtimePriority] = .init(soft: 0, hard: 0)
    return limits
  }
}

extension KernelStore {
  init(
    _ foundation: KernelState<B>.Foundation, memory: KernelPointer<MemoryContext<B>>,
    initTask: KernelPointer<Task<B>>, caches: TaskCaches<B>, waiters: WaitTable<B>,
    maximumThreads: UInt64,
    pathBuffers: PageFrameNumber
  ) {
    board = foundation.board
    header = foundation.header
    layout = foundation.layout
    frames = foundation.frames
    slab = foundation.slab
    vmalloc = foundation.vmalloc
    files = foundation.files
    statistics = foundation.statistics
    vdso = foundation.vdso
    compat = foundation.compat
    signalReturn = foundation.signalReturn
    self.memory = memory
    current = initTask
    self.initTask = initTask
    self.caches = caches
    self.waiters = waiters
    sliceTicks = foundation.board.clock.ticks(inNanoseconds: KernelState<B>.sliceNanoseconds)
    self.maximumThreads = maximumThreads
    self.pathBuffers = pathBuffers
    realtimeOffset = foundation.header.realtimeSeconds &* 1_000_000_000
    capabilities = HardwareCapabilities(foundation.board.idRegisters)
    compatCapabilities = HardwareCapabilities(compat: foundation.board.idRegisters)
  }
}

extension KernelState.Foundation {
  /// Where in the vdso `MOV X8, #139; SVC #0` is, the call that ends a handler.
  var signalReturn: ByteCount {
    let start = vdso.code.address(board.pageSize)
    let length = vdso.codePages.bytes(of: board.pageSize)
    var offset = ByteCount.zero
    while offset + ByteCount(8) <= length {
      let call: UInt32 = board.load(at: start + offset)
      let door: UInt32 = board.load(at: start + offset + ByteCount(4))
      if call == 0xd280_1168 && door == 0xd400_0001 { return offset }
      offset += ByteCount(4)
    }
    return .zero
  }
}
