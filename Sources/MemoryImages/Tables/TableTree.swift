package import Arm64
package import MemoryTypes

/// Everything under one root, in order of address.
///
/// The walk of Linux's page table dumper (mm/ptdump.c, mm/pagewalk.c), on tables that nobody
/// vouches for. What it believes of them:
///
/// - A table is as long as its geometry says and lies wholly in the image; else the walk ends with
///   the descriptor that pointed to it.
/// - Levels only go down, so that a walk cannot be endless; but a table that is its own ancestor
///   would be met 512 times a level, and is an error.
/// - A table may be used twice. KASAN shares tables all of whose pages are one page: a terabyte of
///   shadow is one table at each level. Such a table is *uniform*: what it told the first time is
///   told again in one piece. Sharing others is legal too, but bounded.
///
/// So the work is at most the tables that fit into the image, and ``sharedLimit`` more.
package struct TableTree {
  let image: any MemoryImage
  let geometry: TranslationGeometry
  let root: PhysicalAddress

  /// How many entries may be met again, in tables that are not uniform.
  static let sharedLimit = 1 << 21

  /// What was found under tables that have been walked.
  private var known: [TableKey: Contents] = [:]
  /// The tables from the root to where the walk is, and their descriptors, by level.
  private var path: [PhysicalAddress] = []
  private var buffers: [[UInt64]]
  private var visited = 0
  private var shared = 0
  private let visitLimit: Int

  private struct TableKey: Hashable {
    var table: PhysicalAddress
    var level: Int
  }

  /// What a walk under a table told.
  private enum Contents: Equatable {
    case nothing
    case uniform(level: Int, value: UInt64)
    case mixed

    mutating func join(_ other: Contents) {
      if self == .nothing {
        self = other
      } else if other != .nothing, other != self {
        self = .mixed
      }
    }
  }

  package init(_ image: any MemoryImage, root: PhysicalAddress, geometry: TranslationGeometry) {
    self.image = image
    self.root = root
    self.geometry = geometry
    buffers = (geometry.startLevel...3).map {
      [UInt64](repeating: 0, count: geometry.entries(at: $0))
    }
    let fitting = image.capacity >> geometry.pageSize.shift
    visitLimit = Int(min(fitting, 1 << 40)) + 16
  }

  /// Tells `sink` of each entry from `start` to the end of the half.
  package mutating func walk<Sink: EntrySink>(from start: VirtualAddress, _ sink: inout Sink)
    throws(ImageError)
  {
    try load(root, geometry.startLevel, .wildRoot(root, size: bytes(at: geometry.startLevel)))
    path = [root]
    _ = try walk(level: geometry.startLevel, from: start, &sink)
  }

  /// Walks the table at the end of the path, whose first entry of interest is that of `start`.
  private mutating func walk<Sink: EntrySink>(
    level: Int, from start: VirtualAddress, _ sink: inout Sink
  ) throws(ImageError) -> Contents {
    let buffer = level - geometry.startLevel
    if level == 3 { return tellPages(buffers[buffer], from: start, &sink) }
    let span = geometry.coverage(at: level)
    // Linux numbers levels from 0, the fifth from the end, whatever is folded (walk_pgd_range).
    let number = level + 1
    // A hole is told at the level where it really is (mm/pagewalk.c:real_depth).
    let hole = level == geometry.startLevel ? 0 : number
    var contents = Contents.nothing
    var at = start
    for index in geometry.index(of: start, at: level)..<geometry.entries(at: level) {
      let descriptor = Descriptor(buffers[buffer][index])
      switch entry(descriptor, at: level) {
      case .hole:
        sink.note(at, hole, 0)
        contents.join(.uniform(level: hole, value: 0))
      case .leaf:
        sink.note(at, number, descriptor.rawValue)
        contents.join(.uniform(level: number, value: descriptor.rawValue & Sink.mask))
      case .unseen: break
      case .table:
        contents.join(try descend(descriptor, index, level, at, &sink))
      }
      at = at.alignedDown(to: span) + span
    }
    return contents
  }

  /// The last level: every entry is told, mapped or not (ptdump_pte_entry).
  private func tellPages<Sink: EntrySink>(
    _ table: [UInt64], from start: VirtualAddress, _ sink: inout Sink
  ) -> Contents {
    let first = geometry.index(of: start, at: 3)
    let value = table[first] & Sink.mask
    var difference: UInt64 = 0
    var at = start
    let page = geometry.pageSize.bytes
    for index in first..<table.count {
      let entry = table[index]
      difference |= entry ^ value
      sink.note(at, 4, entry)
      at += page
    }
    return difference & Sink.mask == 0 ? .uniform(level: 4, value: value) : .mixed
  }

  /// Goes into the table that a descriptor points to, or tells what is known of it.
  private mutating func descend<Sink: EntrySink>(
    _ descriptor: Descriptor, _ index: Int, _ level: Int, _ at: VirtualAddress, _ sink: inout Sink
  ) throws(ImageError) -> Contents {
    let table = descriptor.output(in: geometry)
    let from = path[path.count - 1] + ByteCount(UInt64(index) * 8)
    let key = TableKey(table: table, level: level + 1)
    if let contents = known[key] {
      switch contents {
      case .nothing: return .nothing
      case .uniform(let number, let value)
      where !sink.hasMark(
        in: at, geometry.coverage(at: level)):
        sink.note(at, number, value)
        return contents
      default:
        shared += geometry.entries(at: level + 1)
        guard shared <= Self.sharedLimit else { throw .tooManyTables(visited, at: at) }
      }
    }
    if path.contains(table) { throw .loop(table, level: level + 1, from: from, at: at) }
    visited += 1
    guard visited <= visitLimit + shared else { throw .tooManyTables(visited, at: at) }
    try load(table, level + 1, .wildTable(table, level: level + 1, from: from, at: at))
    path.append(table)
    defer { path.removeLast() }
    let contents = try walk(level: level + 1, from: at, &sink)
    known[key] = contents
    return contents
  }

  /// What an entry above the last level is to the dumper.
  private enum Entry {
    case hole, leaf, table
    /// Neither empty nor present, which the dumper passes over.
    case unseen
  }

  private func entry(_ descriptor: Descriptor, at level: Int) -> Entry {
    if descriptor.isNone { return .hole }
    if descriptor.isTable { return .table }
    // p4d_none_or_clear_bad(): where Linux has no blocks, what is no table is none.
    if level <= 0 && !geometry.allowsBlocks(at: level) { return .hole }
    // pmd_present(), with what stays of a block while it is changed (PMD_PRESENT_INVALID).
    let invalidated = level == 2 && descriptor.rawValue & 1 << 59 != 0
    return descriptor.isPresent || invalidated ? .leaf : .unseen
  }

  /// Reads a table into its level's buffer; where it is not in the image, `wild` says so.
  private mutating func load(_ table: PhysicalAddress, _ level: Int, _ wild: ImageError)
    throws(ImageError)
  {
    do throws(ImageError) {
      try image.words(at: table, into: &buffers[level - geometry.startLevel])
    } catch {
      if case .absent = error { throw wild }
      throw error
    }
  }

  private func bytes(at level: Int) -> UInt64 { UInt64(geometry.entries(at: level)) * 8 }
}

/// Who is told of entries.
package protocol EntrySink {
  /// The bits of an entry that count.
  static var mask: UInt64 { get }

  /// The entries from an address on have this value, at one of Linux's levels: 0 PGD to 4 PTE.
  mutating func note(_ address: VirtualAddress, _ level: Int, _ value: UInt64)

  /// Whether it matters where in a range an entry is.
  func hasMark(in start: VirtualAddress, _ length: ByteCount) -> Bool
}
