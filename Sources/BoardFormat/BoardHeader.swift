public import MemoryTypes

/// The first bytes behind RAM: everything the tool tells the kernel.
///
/// The tool writes it into the board file before the machine starts and gives its physical address
/// in the kernel's command line, `kilburn.board=0x…`. All fields are little endian; addresses are
/// physical. The block begins on a 64 KiB boundary, as do the areas it names.
public struct BoardHeader: BitwiseCopyable, Sendable {
  /// The text "KILBURN1", its first byte lowest.
  @inlinable public static var magic: UInt64 { 0x314e_5255_424c_494b }
  /// The name of the parameter that carries the header's address.
  public static let parameter: StaticString = "kilburn.board="

  public var magic: UInt64 = BoardHeader.magic
  public var version: UInt32 = BoardVersion.current
  public var options: Options = []

  /// The page size's shift, and the bits of a virtual address, that the kernel is to run with.
  public var pageShift: UInt32 = 12
  public var vaBits: UInt32 = 48

  /// Where the last area ends: the kernel's first tables map all that is before.
  public var end: UInt64 = 0

  /// The flattened device tree that describes memory: banks and reserved holes.
  public var deviceTree = Area()
  /// The files the guest may see (``Archive``).
  public var archive = Area()
  /// Arguments and environment of the first program (``ProgramArguments``).
  public var program = Area()
  /// What the guest reads from its standard input.
  public var standardInput = Area()
  /// Where the kernel keeps its ``Statistics``.
  public var statistics = Area()
  /// What the machine sends (``OutputRing``); without it all goes over the serial line.
  public var output = Area()

  /// Kernel modules to load before the program starts (``ModuleRecord``); empty for none.
  public var modules = Area()
  /// What pages are swapped to, with the header that mkswap writes; empty for none.
  public var swap = Area()

  /// The host's files that pages are swapped to, too, in the order in which they are turned on;
  /// unused ones are empty.
  public var swapFiles = InlineArray<7, SwapFile>(repeating: SwapFile())

  /// Control groups to make before the program starts: the program's group as a path from the top,
  /// then group, file and value of each setting, each text with a zero behind it; empty for none.
  public var controlGroups = Area()

  /// RAM is reserved until MemTotal is this many bytes; 0 reserves nothing.
  public var memTotal: UInt64 = 0
  /// Frames are taken until MemFree is this many bytes before the program starts; 0 takes none.
  public var memFree: UInt64 = 0
  /// The lowest address an unprivileged mapping may have (`vm.mmap_min_addr`).
  public var mmapMinAddress: UInt64 = 65536
  /// Seconds since 1970 when the machine starts.
  public var realtimeSeconds: UInt64 = 1_704_067_200
  /// The texts to write at the end (``Text``), a bit each.
  public var texts: UInt64 = 0
  /// `vm.overcommit_memory`: 0, 1 or 2.
  public var overcommit: UInt64 = 0
  /// What is told while the machine runs.
  public var traced: TraceCategories = []
  /// How often a sample of memory is told, in nanoseconds of the machine's time
  /// (``TraceCategories/timeline``).
  public var timelineInterval: UInt64 = 0
  /// The places in programs to listen to: a row of ``ProbeRequest``s.
  public var probes = Area()
  /// What layouts are drawn from, with ``Options/randomizesLayout``.
  public var randomSeed: UInt64 = 0
  /// With ``Options/stopsForInspection``: the system call at which it stops, plus one, and at which
  /// of its calls, of all tasks, from 1; 0 stops where the first program ends.
  public var stopCall: UInt64 = 0
  public var stopCount: UInt64 = 0

  /// What the kernel says of itself, for whoever watches its accesses: where its ``Doorbell``s are,
  /// by virtual and by physical address, and what the linear map adds to a physical address.
  public var doorbells: UInt64 = 0
  public var doorbellsPhysical: UInt64 = 0
  public var linearOffset: UInt64 = 0

  /// The size of the disk of compressed pages that is swapped to, 0 for none, and its format
  /// (`PageCompressor`).
  public var zramSize: UInt64 = 0
  public var zramCompressor: UInt64 = 0

  @inlinable public init() {}

  /// A range of the board file.
  public struct Area: BitwiseCopyable, Sendable {
    public var start: UInt64 = 0
    public var length: UInt64 = 0
    @inlinable public init() {}
    @inlinable public init(start: PhysicalAddress, length: ByteCount) {
      self.start = start.rawValue
      self.length = length.rawValue
    }
  }

  /// An area that is one of the host's files.
  public struct SwapFile: BitwiseCopyable, Sendable {
    public var area = Area()
    /// As in swapon's flags; above 32767 the next lower one than all before.
    public var priority: UInt64 = .max

    @inlinable public init() {}

    @inlinable public init(area: Area, priority: UInt32?) {
      self.area = area
      if let priority { self.priority = UInt64(priority) }
    }
  }

  /// Switches of the machine.
  public struct Options: OptionSet, BitwiseCopyable, Sendable {
    public var rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The CPU sets access flags and dirty state by itself.
    @inlinable public static var hardwareAccessAndDirty: Options { Options(rawValue: 1 << 0) }
    /// RAM is all zeros when the kernel starts, so nothing needs clearing that must be zero.
    @inlinable public static var ramIsZero: Options { Options(rawValue: 1 << 1) }
    /// Standard input is typed on the console instead of read from ``BoardHeader/standardInput``.
    @inlinable public static var interactive: Options { Options(rawValue: 1 << 2) }
    /// Programs are placed at random (`kernel.randomize_va_space` 2).
    @inlinable public static var randomizesLayout: Options { Options(rawValue: 1 << 3) }
    /// The machine goes off with a program's memory as it was, for the tool to look at.
    @inlinable public static var stopsForInspection: Options { Options(rawValue: 1 << 15) }
    /// The linear map is made of pages, so that each can get permissions of its own
    /// (`rodata=full`).
    @inlinable public static var mapsByPages: Options { Options(rawValue: 1 << 8) }
  }
}

/// A text that the kernel writes when the first program has ended and before it is torn down.
public enum Text: UInt8, CaseIterable, Sendable {
  case maps = 0
  case smaps, status, meminfo, buddyinfo, zoneinfo, vmstat
  case stat, slabinfo, pagetypeinfo, iomem, cpuinfo, kernelPageTables
  /// All tasks, and whose memory each works in.
  case tasks
  case vmallocinfo
  /// The kernel's log, as dmesg shows it.
  case dmesg
  /// The modules that are loaded.
  case modules
  /// What was done because memory was short, for whom, and what it cost whom.
  case pressure

  @inlinable public var bit: UInt64 { 1 &<< UInt64(rawValue) }
}
