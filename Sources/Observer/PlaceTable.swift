import Arm64
import HardwareModel
import MemoryTypes
import Observation

/// What was accessed and missed, by page of a program's, by piece of the kernel's, and by block of
/// instructions.
///
/// It grows with the memory and the code that are touched, not with time.
///
/// SAFETY: the tables' buffers are as large as they say, and indices are what those gave.
@safe struct PlaceTable: ~Copyable {
  var pageShift: UInt64 = 12
  /// Which address space is used, as a number.
  private var space: UInt64 = 0
  private var roots: [UInt64] = []
  private var pages = RowTable(columns: PlaceColumn.count, near: PlaceColumn.tlbMisses)
  private var blocks = RowTable(columns: BlockColumn.count, near: BlockColumn.tlbMisses)
  /// The block that what comes next belongs to.
  private var block: UInt64 = 0

  /// The pages of a piece of the kernel half that are counted together: 2M.
  static var kernelShift: UInt64 { 21 }

  /// From here on programs' addresses are those of another space.
  mutating func use(root: UInt64) {
    if let known = roots.firstIndex(of: root) {
      space = UInt64(known)
    } else {
      space = UInt64(roots.count)
      roots.append(root)
    }
  }

  /// Counts records that the model has run, with what it noted of them.
  mutating func add(
    _ records: UnsafeBufferPointer<AccessRecord>, _ first: Int, _ end: Int,
    _ notes: UnsafeBufferPointer<UInt64>
  ) {
    guard let base = records.baseAddress else { return }
    unsafe count(base, first, end)
    var at = first
    for index in 0..<notes.count {
      let note = unsafe AccessNote(rawValue: notes[index])
      // The block that it belongs to is the last that began before it.
      unsafe enter(base, at, note.record)
      at = note.record
      unsafe miss(base[note.record].rawValue, note)
    }
    unsafe enter(base, at, end &- 1)
  }

  /// Counts the accesses by page.
  private mutating func count(_ records: UnsafePointer<AccessRecord>, _ first: Int, _ end: Int) {
    // The pages of data and of instructions that were used last, and their rows.
    let mask = 0x001f_ffff_ffff_ffff & ~((1 as UInt64 &<< pageShift) &- 1)
    var (dataPage, fetchPage) = (UInt64.max, UInt64.max)
    var (dataRow, fetchRow) = (0, 0)
    for index in first..<end {
      let word = unsafe records[index].rawValue
      let isFetch = word & BlockRecord.kinds == BlockRecord.fetch
      let page = word & mask
      if page != (isFetch ? fetchPage : dataPage) {
        let found = pages.row(of: pageKey(word))
        if isFetch {
          (fetchPage, fetchRow) = (page, found)
        } else {
          (dataPage, dataRow) = (page, found)
        }
      }
      pages.addNear(
        1, isFetch ? fetchRow : dataRow, PlaceColumn.accesses &+ BlockRecord.column(word))
    }
  }

  /// Finds out which block a record belongs to, where that of another one is known.
  @inline(__always) private mutating func enter(
    _ records: UnsafePointer<AccessRecord>, _ known: Int, _ record: Int
  ) {
    var index = record
    while index >= known {
      let word = unsafe records[index].rawValue
      if word & (BlockRecord.kinds | BlockRecord.goesOn) == BlockRecord.fetch {
        block = blockKey(word)
        return
      }
      index &-= 1
    }
  }

  /// Counts what an access missed.
  private mutating func miss(_ word: UInt64, _ note: AccessNote) {
    let column = BlockRecord.column(word)
    let page = pages.row(of: pageKey(word))
    pages.add(note.tlbMisses, page, PlaceColumn.tlbMisses &+ column)
    pages.add(note.walks, page, PlaceColumn.walks &+ column)
    pages.add(note.firstMisses, page, PlaceColumn.firstMisses &+ column)
    pages.add(note.secondMisses, page, PlaceColumn.secondMisses &+ column)
    pages.add(note.memoryLines, page, PlaceColumn.memoryLines &+ column)
    pages.add(note.walkReads, page, PlaceColumn.walkReads)
    pages.add(note.walkReadsOfMemory, page, PlaceColumn.walkReadsOfMemory)
    let code = blocks.row(of: block)
    blocks.add(note.tlbMisses, code, BlockColumn.tlbMisses)
    blocks.add(note.walks, code, BlockColumn.walks)
    blocks.add(note.firstMisses, code, BlockColumn.firstMisses)
    blocks.add(note.secondMisses, code, BlockColumn.secondMisses)
    blocks.add(note.memoryLines, code, BlockColumn.memoryLines)
    blocks.add(note.walkReads, code, BlockColumn.walkReads)
    blocks.add(note.walkReadsOfMemory, code, BlockColumn.walkReadsOfMemory)
  }

  /// The page and the space, or the piece of the kernel half.
  @inline(__always) private func pageKey(_ word: UInt64) -> UInt64 {
    let address = word & 0x001f_ffff_ffff_ffff
    if address &>> 52 == 0 { return space &<< 42 | address &>> pageShift }
    return 1 &<< 63 | address &>> Self.kernelShift
  }

  /// The address of a block, and the space.
  @inline(__always) private func blockKey(_ word: UInt64) -> UInt64 {
    let address = word & 0x001f_ffff_ffff_ffff
    // Of an address of a program 48 bits are kept, of which 52-bit ones use no more for code.
    return address &>> 52 == 0
      ? space &<< 48 | address & 0xffff_ffff_ffff : 1 &<< 63 | address & 0xffff_ffff_ffff
  }

  func write(to answer: inout AnswerWriter) {
    answer.begin(.roots, columns: 1, rows: roots.count)
    for root in roots { answer.add(root) }
    pages.write(.places, to: &answer)
    blocks.write(.blocks, to: &answer)
  }
}

/// A record of instructions that begins no block: the rest of one in the next line.
enum BlockRecord {
  /// A bit that the model does not look at.
  static var goesOn: UInt64 { 1 &<< 62 }
  /// The bits that say which kind a record is, and what they are for instructions.
  static var kinds: UInt64 { 3 &<< 60 }
  static var fetch: UInt64 { 2 &<< 60 }

  /// Where a record's kind is counted: loads, stores, instructions; a clear is a store.
  @inline(__always) static func column(_ word: UInt64) -> Int {
    Int(truncatingIfNeeded: (0b01_10_01_00 as UInt64 &>> ((word &>> 59) & 6)) & 3)
  }
}
