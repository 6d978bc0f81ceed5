import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageCompressors
import Swap
import Tasks

/// `/sys/block/zram0`, a folder here and a link on Linux (drivers/block/zram/zram_drv.c).
extension ProcFS {
  private var disk: KernelPointer<ZRAM<B>>? { kernel.memory.pointee.swap.pointee.zram }

  /// The entry of `/sys/block` with a name.
  func zramFolder(_ name: ByteString) throws(Errno) -> ProceduralEntry {
    guard disk != nil, name == "zram0" else { throw .ENOENT }
    return entry(ProcNode(.zramFolder))
  }

  func listedZRAMFolder() -> ListedEntry? {
    guard disk != nil else { return nil }
    return ListedEntry(
      name: ShortName("zram0" as StaticString), entry: entry(ProcNode(.zramFolder)),
      nextPosition: 1)
  }

  /// The file of the folder with a name.
  func zramEntry(_ name: ByteString) throws(Errno) -> ProceduralEntry {
    for raw in 1..<ZRAMAttribute.count {
      guard let attribute = ZRAMAttribute(rawValue: raw), name == ByteString(attribute.name) else {
        continue
      }
      return entry(ProcNode(.zramAttribute, number: UInt16(raw)))
    }
    throw .ENOENT
  }

  func zramEntry(at place: Int) -> ListedEntry? {
    let raw = UInt8(truncatingIfNeeded: min(place &+ 1, 255))
    guard let attribute = ZRAMAttribute(rawValue: raw) else { return nil }
    return ListedEntry(
      name: ShortName(attribute.name), entry: entry(ProcNode(.zramAttribute, number: UInt16(raw))),
      nextPosition: UInt64(place) &+ 1)
  }

  /// Writes the text of a file.
  func zramAttribute(_ file: ProcNode, _ out: inout Writer) throws(Errno) {
    guard let disk, let attribute = ZRAMAttribute(rawValue: UInt8(truncatingIfNeeded: file.number))
    else { throw .ENOENT }
    let statistics = disk.pointee.statistics
    let size = disk.pointee.pages.bytes(of: kernel.board.pageSize)
    func bytes(_ pages: UInt64) -> UInt64 {
      PageCount(pages).bytes(of: kernel.board.pageSize).rawValue
    }
    switch attribute {
    case .compressor: compressors(disk.pointee.compressor, &out)
    case .diskSize: out.decimal(size.rawValue)
    case .initialised: out.decimal(disk.pointee.isReady ? 1 : 0)
    case .size: out.decimal(size.rawValue &>> 9)
    case .device: out.text("253:0")
    case .readOnly, .removable: out.text("0")
    case .maximumStreams: out.text("1")
    case .ioStatistics:
      columns(
        [statistics.failedReads, statistics.failedWrites, statistics.invalid, statistics.freed],
        &out)
    case .debugStatistics:
      out.text("version: 1\n")
      columns([statistics.stalls, 0], &out)
    case .statistics:
      columns(
        [
          bytes(statistics.pagesStored), statistics.compressedBytes,
          bytes(disk.pointee.poolPages), bytes(disk.pointee.limit), bytes(statistics.mostPages),
          statistics.samePages, disk.pointee.compactedPages, statistics.hugePages,
          statistics.hugePagesSince,
        ], &out)
    case .blockStatistics:
      // part_stat_show(): requests, merged ones, sectors and milliseconds, which are none here.
      let sectors = kernel.board.pageSize.shift &- 9
      columns(
        [
          statistics.reads, 0, statistics.reads &<< sectors, 0, statistics.writes, 0,
          statistics.writes &<< sectors, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ], &out)
    case .compact, .limit, .mostUsed, .reset: throw .EACCES
    }
    out.newline()
  }

  /// Numbers, each in eight places at least.
  private func columns<let count: Int>(_ values: InlineArray<count, UInt64>, _ out: inout Writer) {
    for index in 0..<count {
      if index > 0 { out.text(" ") }
      var least: UInt64 = 10_000_000
      while least > 1, values[index] < least {
        out.text(" ")
        least /= 10
      }
      out.decimal(values[index])
    }
  }

  /// All formats, the chosen one in brackets (`zcomp_available_show()`).
  private func compressors(_ chosen: PageCompressor, _ out: inout Writer) {
    for raw in 0..<UInt8(3) {
      guard let compressor = PageCompressor(rawValue: raw) else { continue }
      if raw > 0 { out.text(" ") }
      if compressor == chosen { out.text("[") }
      out.text(compressor.name)
      if compressor == chosen { out.text("]") }
    }
  }

  /// Takes what is written to a file.
  func storeZRAM(_ text: ByteString, in file: ProcNode) throws(Errno) {
    guard let disk, let attribute = ZRAMAttribute(rawValue: UInt8(truncatingIfNeeded: file.number))
    else { throw .EIO }
    switch attribute {
    case .compressor:
      for raw in 0..<UInt8(3) {
        guard let compressor = PageCompressor(rawValue: raw), Self.line(text, is: compressor.name)
        else { continue }
        return try disk.pointee.choose(compressor)
      }
      throw .EINVAL
    case .diskSize: try disk.pointee.setSize(size(text))
    case .limit:
      // Only a number's beginning is asked for (mem_limit_store()).
      guard let first = first(of: text), first >= 0x30, first <= 0x39 else { throw .EINVAL }
      disk.pointee.setLimit(size(text))
    case .mostUsed:
      guard Self.line(text, is: "0") else { throw .EINVAL }
      try disk.pointee.forgetMost()
    case .compact: try disk.pointee.compact()
    case .reset:
      var reader = NumberReader(text)
      guard let number = reader.next(), number.magnitude != 0 else { throw .EINVAL }
      if kernel.memory.pointee.swap.pointee.isZRAMInUse { throw .EBUSY }
      disk.pointee.reset()
    case .maximumStreams: break
    default: throw .EIO
    }
  }

  private func first(of text: ByteString) -> UInt8? { text.count > 0 ? text[0] : nil }

  /// Whether a text is a word, and at most a newline.
  private static func line(_ text: ByteString, is word: StaticString) -> Bool {
    var count = text.count
    if count > 0, text[count &- 1] == 0x0A { count &-= 1 }
    guard count == word.utf8CodeUnitCount else { return false }
    let word = ByteString(word)
    for index in 0..<count where text[index] != word[index] { return false }
    return true
  }

  /// A number of bytes with K, M or G behind it; 0 where there is none (memparse()).
  private func size(_ text: ByteString) -> ByteCount {
    var reader = MemoryReader(text)
    return ByteCount(reader.read())
  }
}
