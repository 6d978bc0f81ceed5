/// What `mallinfo2` answers, by its own names.
public struct MallocInfo: Equatable, Sendable {
  public var arena: UInt64 = 0
  public var ordblks: UInt64 = 0
  public var smblks: UInt64 = 0
  public var hblks: UInt64 = 0
  public var hblkhd: UInt64 = 0
  public var usmblks: UInt64 = 0
  public var fsmblks: UInt64 = 0
  public var uordblks: UInt64 = 0
  public var fordblks: UInt64 = 0
  public var keepcost: UInt64 = 0

  public init() {}
}

extension PTMalloc where Memory: ~Copyable {
  /// As `mallinfo2`; `mallinfo` has the lower 32 bits of each.
  public mutating func mallinfo2(
    _ thread: inout MallocThread
  ) throws(HeapAbort) -> MallocInfo {
    // __libc_mallinfo2
    if !isInitialized { try initialize(&thread) }
    var info = MallocInfo()
    var arena = mainArena
    repeat {
      try addInfo(of: arena, to: &info)
      arena = try next(arena)
    } while arena != mainArena
    return info
  }

  /// int_mallinfo.
  func addInfo(of arena: Arena, to info: inout MallocInfo) throws(HeapAbort) {
    let top = try size(top(arena))
    var available = top
    var blocks: UInt64 = 1
    var fastAvailable: UInt64 = 0
    var fastBlocks: UInt64 = 0
    var index: UInt64 = 0
    while index < GlibcLayout.State.fastbinCount {
      var p = Chunk(try word(arena.fastbin(index)))
      while !p.isNull {
        if p.isMisaligned, layout.linkShift == 12 { throw .corruption(.mallinfoUnaligned) }
        fastBlocks &+= 1
        fastAvailable &+= try size(p)
        p = Chunk(protect(try fd(p).address, at: p.memory))
        if fastBlocks > 1 &<< 32 { throw .endless(p.address) }
      }
      index &+= 1
    }
    available &+= fastAvailable
    index = 1
    while index < GlibcLayout.State.binCount {
      let bin = arena.bin(index)
      var p = try bk(bin)
      while p != bin {
        blocks &+= 1
        available &+= try size(p)
        p = try bk(p)
        if blocks > 1 &<< 32 { throw .endless(bin.address) }
      }
      index &+= 1
    }
    let systemMem = try systemMem(arena)
    info.smblks &+= fastBlocks
    info.ordblks &+= blocks
    info.fordblks &+= available
    info.uordblks &+= systemMem &- available
    info.arena &+= systemMem
    info.fsmblks &+= fastAvailable
    if arena == mainArena {
      info.hblks = UInt64(bitPattern: Int64(Int32(bitPattern: try mmapCount)))
      info.hblkhd = try mmappedMem
      info.usmblks = 0
      info.keepcost = top
    }
  }

  /// As `malloc_usable_size`.
  public func malloc_usable_size(_ memory: UInt64) throws(HeapAbort) -> UInt64 {
    // musable
    if memory == 0 { return 0 }
    let p = Chunk(memory: memory)
    if try isMapped(p) { return try size(p) &- 16 }
    return try isUsed(p) ? try usable(p) : 0
  }
}
