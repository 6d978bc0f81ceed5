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
  private var pages = RowTable(columns: PlaceColumn.count)
  private var blocks = RowTable(columns: BlockColumn.count)
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
    var lastKey = UInt64.max
    var row = unsafe pages.place(of: 0)
    var nextNote = 0
    var noted = unsafe notes.count > 0 ? AccessNote(rawValue: notes[0]).record : Int.max
    for index in first..<end {
      let record = unsafe records[index]
      let word = record.rawValue
      let kind = Int(truncatingIfNeeded: (word &>> 60) & 3)
      if kind == 2, word & BlockRecord.goesOn == 0 { block = blockKey(word) }
      let key = pageKey(word)
      if key != lastKey {
        lastKey = key
        unsafe row = unsafe pages.place(of: key)
      }
      // A clear is a store.
      let column = kind == 3 ? 1 : kind
      unsafe row[PlaceColumn.accesses &+ column] &+= 1
      guard index == noted else { continue }
      let note = unsafe AccessNote(rawValue: notes[nextNote])
      nextNote &+= 1
      noted = unsafe nextNote < notes.count ? AccessNote(rawValue: notes[nextNote]).record : Int.max
      unsafe row[PlaceColumn.tlbMisses &+ column] &+= note.tlbMisses
      unsafe row[PlaceColumn.walks &+ column] &+= note.walks
      unsafe row[PlaceColumn.firstMisses &+ column] &+= note.firstMisses
      unsafe row[PlaceColumn.secondMisses &+ column] &+= note.secondMisses
      unsafe row[PlaceColumn.memoryLines &+ column] &+= note.memoryLines
      unsafe row[PlaceColumn.walkReads] &+= note.walkReads
      unsafe row[PlaceColumn.walkReadsOfMemory] &+= note.walkReadsOfMemory
      let code = unsafe blocks.place(of: block)
      unsafe code[BlockColumn.tlbMisses] &+= note.tlbMisses
      unsafe code[BlockColumn.walks] &+= note.walks
      unsafe code[BlockColumn.firstMisses] &+= note.firstMisses
      unsafe code[BlockColumn.secondMisses] &+= note.secondMisses
      unsafe code[BlockColumn.memoryLines] &+= note.memoryLines
      unsafe code[BlockColumn.walkReads] &+= note.walkReads
      unsafe code[BlockColumn.walkReadsOfMemory] &+= note.walkReadsOfMemory
    }
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
}
