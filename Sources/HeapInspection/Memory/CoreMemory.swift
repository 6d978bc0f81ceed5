/// The memory of a process in an ELF core: as the kernel dumps it (fs/binfmt_elf.c:
/// elf_core_dump()), or gcore.
///
/// Segments name virtual addresses. Bytes behind what a segment stores are a file's that was not
/// dumped (NT_FILE says which), or are not known. A core that ends early is opened all the same: what
/// is missing is an error where it is needed, with its address.
package final class CoreMemory: MemorySource {
  package private(set) var title: String
  package private(set) var regions: [MemoryRegion] = []
  package var isRacy: Bool { false }
  /// EM_X86_64 or EM_AARCH64.
  package let machine: UInt16
  /// How many threads it describes (NT_PRSTATUS).
  package private(set) var threads = 0

  package private(set) var capacity: UInt64 = 0
  package private(set) var pageSize: UInt64 = 4096

  private let file: MappedBytes
  private let files: BackingFiles
  /// What lies behind each region.
  private var stored: [(offset: UInt64, count: UInt64)] = []
  /// Memory that the file should have and ends before, in order.
  private var cuts: [(memory: Range<UInt64>, offset: UInt64)] = []

  private struct Segment {
    var start: UInt64
    var end: UInt64
    var offset: UInt64
    var stored: UInt64
    var flags: UInt64
  }

  /// A file's mapping by NT_FILE.
  private struct NamedRange {
    var start: UInt64
    var end: UInt64
    var offset: UInt64
    var name: String
  }

  package init(_ file: MappedBytes, files: BackingFiles) throws(HeapError) {
    self.file = file
    self.files = files
    guard let magic = file.number(0, 8), file.holds(0, 64) else {
      throw .cut("an ELF header of 64 bytes", offset: 0, length: file.count)
    }
    guard magic & 0xffff_ffff == 0x464c_457f else {
      throw .malformed("\(file.path) is no ELF file", offset: 0)
    }
    guard magic >> 32 & 0xffff == 0x0102 else {
      throw .unsupported("an ELF file that is not 64-bit little-endian")
    }
    let type = file.number(16, 2) ?? 0
    guard type == 4 else { throw .unsupported("an ELF file that is no core (type \(type))") }
    machine = UInt16(file.number(18, 2) ?? 0)
    guard machine == 62 || machine == 183 else {
      throw .unsupported("a core of machine \(machine); x86-64 (62) and arm64 (183) are read")
    }
    title = "core \(file.path) (\(machine == 62 ? "x86-64" : "arm64")"
    let (segments, names) = try headers()
    make(segments, names)
    let missing = cuts.reduce(UInt64(0)) { $0 &+ UInt64($1.memory.count) }
    if missing > 0 { title += ", cut short: its last \(missing) bytes are missing" }
    title += ")"
  }

  private func headers() throws(HeapError) -> ([Segment], [NamedRange]) {
    let table = file.number(32, 8) ?? 0
    var count = file.number(56, 2) ?? 0
    if count == 0xffff, let sections = file.number(40, 8), sections < file.count {
      // PN_XNUM: the first section header has the number.
      count = file.number(sections + 44, 4) ?? 0
    }
    guard file.holds(table, count * 56) else {
      throw .cut("\(count) program headers", offset: table, length: file.count)
    }
    var segments: [Segment] = []
    var names: [NamedRange] = []
    // Each byte of memory, and of notes, has a byte of the file of its own.
    var left = file.count
    for index in 0..<count {
      let at = table + index * 56
      func field(_ place: UInt64) -> UInt64 { file.number(at + place, 8) ?? 0 }
      let type = file.number(at, 4) ?? 0
      guard type == 1 || type == 4 else { continue }
      let there = min(field(32), file.count - min(file.count, field(8)))
      guard there <= left else {
        throw .malformed("the segments up to \(index) have more bytes than the file", offset: at)
      }
      left -= there
      if type == 1 {
        let (end, overflow) = field(16).addingReportingOverflow(field(40))
        guard !overflow, field(8) <= UInt64.max - field(32) else {
          throw .malformed("segment \(index) reaches beyond the last address", offset: at)
        }
        // The kernel's half has nothing of a program's (but x86-64's vsyscall page).
        guard end > field(16), end <= MemoryRegion.limit else { continue }
        segments.append(
          Segment(
            start: field(16), end: end, offset: field(8), stored: min(field(32), field(40)),
            flags: file.number(at + 4, 4) ?? 0))
      } else {
        names += notes(field(8), field(32))
      }
    }
    capacity = file.count + 1 << 24
    guard !segments.isEmpty else { throw .malformed("a core without memory", offset: table) }
    return (segments.sorted { $0.start < $1.start }, names.sorted { $0.start < $1.start })
  }

  /// What the notes say of files (NT_FILE) and of threads (NT_PRSTATUS).
  private func notes(_ start: UInt64, _ length: UInt64) -> [NamedRange] {
    guard start < file.count else { return [] }
    let end = start + min(length, file.count - start)
    var names: [NamedRange] = []
    var at = start
    while end - at >= 12, let name = file.number(at, 4), let size = file.number(at + 4, 4),
      let type = file.number(at + 8, 4)
    {
      let body = at + 12 + (name + 3) & ~3
      let next = body + (size + 3) & ~3
      guard next <= end, next > at else { break }
      if type == 1 { threads += 1 }
      if type == 6 { auxiliary(body, size) }
      if type == 0x4649_4c45 { names += mappedFiles(body, size) }
      at = next
    }
    return names
  }

  /// The page size, from the auxiliary vector (NT_AUXV, AT_PAGESZ).
  private func auxiliary(_ body: UInt64, _ size: UInt64) {
    for at in stride(from: body, to: body + size & ~15, by: 16)
    where file.number(at, 8) == 6 {
      if let value = file.number(at + 8, 8), [4096, 16384, 65536].contains(value) {
        pageSize = value
      }
    }
  }

  private func mappedFiles(_ body: UInt64, _ size: UInt64) -> [NamedRange] {
    guard size >= 16, let count = file.number(body, 8), let unit = file.number(body + 8, 8),
      count <= (size - 16) / 24
    else { return [] }
    var text = body + 16 + count * 24
    return (0..<count).compactMap { index in
      let at = body + 16 + index * 24
      guard text < body + size, let start = file.number(at, 8), let end = file.number(at + 8, 8),
        let page = file.number(at + 16, 8)
      else { return nil }
      let name = file.text(text)
      text += UInt64(name.utf8.count) + 1
      let offset = page.multipliedReportingOverflow(by: unit)
      guard start < end, !offset.overflow else { return nil }
      return NamedRange(start: start, end: end, offset: offset.partialValue, name: name)
    }
  }

  /// Regions of segments, each with the file that was mapped there; where segments overlap, the one
  /// that begins first counts.
  private func make(_ segments: [Segment], _ names: [NamedRange]) {
    var last: UInt64 = 0
    var next = 0
    for segment in segments {
      let start = max(segment.start, last)
      guard start < segment.end else { continue }
      last = segment.end
      while next < names.count, names[next].end <= start { next += 1 }
      var region = MemoryRegion(
        start: start, end: segment.end, isReadable: segment.flags & 4 != 0,
        isWritable: segment.flags & 2 != 0)
      if next < names.count, names[next].start <= start {
        region.name = names[next].name
        region.fileOffset = names[next].offset &+ (start - names[next].start)
      }
      regions.append(region)
      let skipped = start - segment.start
      let count = segment.stored - min(segment.stored, skipped)
      stored.append((segment.offset + skipped, count))
      let there = file.count - min(file.count, segment.offset + skipped)
      if there < count {
        cuts.append((start + there..<start + count, segment.offset + skipped + there))
      }
    }
  }

  package func window(at address: UInt64) throws(HeapError) -> MemoryWindow {
    guard let index = regions.index(at: address) else { throw .unmapped(address: address) }
    let region = regions[index]
    let (offset, count) = stored[index]
    let into = address - region.start
    if into < count {
      let bytes = unsafe file.bytes(offset, count)
      guard into < UInt64(bytes.count) else {
        throw .truncated(address: address, offset: offset &+ into, length: file.count)
      }
      return unsafe MemoryWindow(start: region.start, bytes: bytes)
    }
    guard region.hasFile else {
      throw .notStored(address: address, "the core leaves it out")
    }
    guard let backing = files[region.name] else {
      throw .notStored(address: address, "the core leaves it to \(region.name), which is not here")
    }
    let bytes = unsafe backing.bytes(region.fileOffset, region.size)
    guard into < UInt64(bytes.count) else {
      throw .notStored(address: address, "\(region.name) is shorter than what was mapped of it")
    }
    return unsafe MemoryWindow(start: region.start, bytes: bytes)
  }

  package func file(_ path: String) -> MappedBytes? { files[path] }

  package func missing(in range: Range<UInt64>) -> HeapError? {
    guard let cut = cuts.first(where: { $0.memory.overlaps(range) }) else { return nil }
    let address = max(cut.memory.lowerBound, range.lowerBound)
    return .truncated(
      address: address, offset: cut.offset + (address - cut.memory.lowerBound), length: file.count)
  }
}
