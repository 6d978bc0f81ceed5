public import MemoryTypes

/// Where the segments of a file lie, and what the address space remembers of it: all that
/// `load_elf_binary()` computes from the program headers, before any load bias.
///
/// Invariant of a layout that was made: for each segment, `fileSize <= memorySize <= TASK_SIZE` and
/// `virtualAddress + memorySize <= TASK_SIZE`.
public struct ELFLayout: BitwiseCopyable, Hashable, Sendable {
  /// The number of PT_LOAD entries.
  public private(set) var segments = 0
  /// Code is `startCode ..< endCode`, data `startData ..< endData` (of /proc/PID/stat).
  public private(set) var startCode = UInt64.max
  public private(set) var endCode: UInt64 = 0
  public private(set) var startData: UInt64 = 0
  public private(set) var endData: UInt64 = 0
  /// The end of the bss, where brk begins unless it is moved.
  public private(set) var end: UInt64 = 0
  /// The address of the program header table in memory (AT_PHDR); 0 where no segment holds it.
  public private(set) var tableAddress: UInt64 = 0
  /// The span from the first segment's page to the last segment's end (`total_mapping_size()`).
  public private(set) var totalSize: UInt64 = 0
  /// The greatest alignment that a segment asks for, at least a page (`maximum_alignment()`).
  public private(set) var alignment: UInt64 = 0
  /// The lowest segment address in file order: the one that fixes the bias.
  public private(set) var firstAddress: UInt64 = 0

  /// Computes the layout of a table's `count` entries.
  ///
  /// EINVAL where a segment cannot lie below TASK_SIZE, or an ET_DYN file has none: errors that
  /// Linux finds when the old program is gone already.
  public init(
    _ table: RawSpan, count: Int, header: ELFHeader, pageSize: PageSize, taskSize: UInt64
  ) throws(Errno) {
    var lowest = UInt64.max
    var highest: UInt64 = 0
    for index in 0..<count {
      let segment = ProgramHeader(index, of: table, isCompat: header.isCompat)
      guard segment.type == .load else { continue }
      if segments == 0 { firstAddress = segment.virtualAddress }
      segments &+= 1
      lowest = min(lowest, segment.virtualAddress & ~pageSize.offsetMask)
      highest = max(highest, segment.virtualAddress &+ segment.memorySize)
      if segment.alignment.nonzeroBitCount == 1 { alignment = max(alignment, segment.alignment) }
      try add(segment, header, taskSize)
    }
    // The int of ELF_PAGEALIGN: an alignment above the last page wraps to none.
    alignment = (alignment &+ pageSize.offsetMask) & ~pageSize.offsetMask
    totalSize = segments == 0 ? 0 : highest &- lowest
    if header.kind == .shared && totalSize == 0 { throw .EINVAL }
  }

  private mutating func add(
    _ segment: ProgramHeader, _ header: ELFHeader, _ taskSize: UInt64
  ) throws(Errno) {
    let start = segment.virtualAddress
    guard start < taskSize, segment.fileSize <= segment.memorySize,
      segment.memorySize <= taskSize, taskSize &- segment.memorySize >= start
    else { throw .EINVAL }
    if segment.offset <= header.tableOffset,
      header.tableOffset < segment.offset &+ segment.fileSize
    {
      tableAddress = header.tableOffset &- segment.offset &+ start
    }
    let fileEnd = start &+ segment.fileSize
    if segment.flags.contains(.execute) {
      startCode = min(startCode, start)
      endCode = max(endCode, fileEnd)
    }
    startData = max(startData, start)
    endData = max(endData, fileEnd)
    end = max(end, start &+ segment.memorySize)
  }
}

/// What loading one segment does to the address space, once the load bias is known
/// (`elf_map()`, `elf_load()`).
///
/// The file's pages are mapped at `start`; then `zeroStart` up to the end of its page is cleared
/// (`padzero()`), and `bssStart` up to `bssEnd` is anonymous memory.
public struct SegmentMapping: BitwiseCopyable, Hashable, Sendable {
  public let start: VirtualAddress
  /// Bytes of file mapping, whole pages; zero where the segment has no bytes in the file.
  public let length: ByteCount
  public let fileOffset: UInt64
  /// The first byte after the file's; nil where memory ends with the file's bytes.
  public let zeroStart: VirtualAddress?
  /// Equal where there is none; the end is below the start where the address space ends between.
  public let bssStart: VirtualAddress
  public let bssEnd: VirtualAddress

  public init(_ segment: ProgramHeader, bias: UInt64, _ pageSize: PageSize) {
    let address = bias &+ segment.virtualAddress
    let inPage = segment.virtualAddress & pageSize.offsetMask
    start = VirtualAddress(address).alignedDown(to: pageSize)
    let fileEnd = start + ByteCount(inPage &+ segment.fileSize)
    let memoryEnd = start + ByteCount(inPage &+ segment.memorySize)
    if segment.fileSize == 0 {
      length = .zero
      fileOffset = 0
      zeroStart = nil
      bssStart = start
    } else {
      length = ByteCount(inPage &+ segment.fileSize).alignedUp(to: pageSize)
      fileOffset = segment.offset &- inPage
      zeroStart = segment.memorySize > segment.fileSize ? fileEnd : nil
      bssStart = fileEnd.alignedUp(to: pageSize)
    }
    bssEnd = segment.memorySize > segment.fileSize ? memoryEnd.alignedUp(to: pageSize) : bssStart
  }
}
