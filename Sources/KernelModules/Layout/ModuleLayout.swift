import Files
import MemoryTypes

/// Where the sections of one part go: executable ones, read-only ones, those read-only after init,
/// writable ones, each group from a page boundary on (`struct module_layout`).
///
/// ```
/// 0              textSize       readOnlySize    readOnlyAfterInitSize   size
/// | execute, read | read         | read once init has returned | read, write |
/// ```
/// Behind the sections with code the core and the init part have their veneers.
public struct ModuleLayout: BitwiseCopyable, Equatable, Sendable {
  public internal(set) var textSize: UInt64 = 0
  public internal(set) var readOnlySize: UInt64 = 0
  public internal(set) var readOnlyAfterInitSize: UInt64 = 0
  public internal(set) var size: UInt64 = 0
  /// Where the veneers begin, and how many fit.
  public internal(set) var veneers: UInt64 = 0
  public internal(set) var veneerCount: UInt64 = 0
  /// Where the kept symbols and their names lie, behind the core part's data, and their bytes.
  public internal(set) var kept: UInt64 = 0
  public internal(set) var keptBytes: UInt64 = 0

  public init() {}

  /// What a part may have at most: the modules' region.
  static var limit: UInt64 { 128 << 20 }

  /// Adds a section; its place (`module_get_offset()`).
  mutating func add(_ length: UInt64, alignment: UInt64) -> UInt64? {
    let place = (size &+ alignment &- 1) & ~(alignment &- 1)
    guard length <= Self.limit, place &+ length <= Self.limit else { return nil }
    size = place &+ length
    return place
  }

  /// Fills up a page, so that the next group can have other permissions (`strict_align()`).
  mutating func alignToPage(_ pageSize: UInt64) {
    size = (size &+ pageSize &- 1) & ~(pageSize &- 1)
  }
}

extension ModuleFile {
  /// Bit 63 of a placement: the section is in the init part.
  static var initBit: UInt64 { 1 &<< 63 }

  /// The order of groups: flags a section must have, and must not have.
  private static var groups: InlineArray<4, (SectionFlags, SectionFlags)> {
    [
      ([.executable, .allocated], []),
      (.allocated, .writable),
      ([.readOnlyAfterInit, .allocated], []),
      ([.writable, .allocated], []),
    ]
  }

  /// Places every section that becomes memory (`layout_sections()`, `layout_and_allocate()`).
  func layOut(
    core: inout ModuleLayout, initial: inout ModuleLayout, pageSize: UInt64
  ) throws(ModuleError) {
    for index in 0..<sectionCount {
      let here = section(index)
      set(here, placement: ~0)
      if flags(here).contains(.allocated), isReadOnlyAfterInit(name(here)) {
        set(here, flags: flags(here).union(.readOnlyAfterInit))
      }
    }
    try layOut(&core, isInitial: false, pageSize)
    try layOut(&initial, isInitial: true, pageSize)
  }

  private func layOut(
    _ layout: inout ModuleLayout, isInitial: Bool, _ pageSize: UInt64
  ) throws(ModuleError) {
    let groups = Self.groups
    for group in 0..<4 {
      for index in 1..<sectionCount {
        let here = section(index)
        guard flags(here).isSuperset(of: groups[group].0),
          flags(here).isDisjoint(with: groups[group].1), placement(here) == ~0,
          isInitialSection(name(here)) == isInitial
        else { continue }
        guard let place = layout.add(memorySize(here), alignment: alignment(here)) else {
          throw ModuleError(.sectionTooLarge, at: here.at)
        }
        set(here, placement: place | (isInitial ? Self.initBit : 0))
      }
      if group == 0, layout.veneerCount > 0 {
        guard let place = layout.add(layout.veneerCount &* Veneer.length, alignment: 4) else {
          throw ModuleError(.sectionTooLarge)
        }
        layout.veneers = place
      }
      if group == 3, layout.keptBytes > 0 {
        guard let place = layout.add(layout.keptBytes, alignment: 16) else {
          throw ModuleError(.sectionTooLarge, at: symbolHeader.at)
        }
        layout.kept = place
      }
      layout.alignToPage(pageSize)
      switch group {
      case 0: layout.textSize = layout.size
      case 1: layout.readOnlySize = layout.size
      // Nothing in the init part outlives init.
      case 2: layout.readOnlyAfterInitSize = isInitial ? layout.readOnlySize : layout.size
      default: break
      }
    }
  }

  func isInitialSection(_ name: ByteString) -> Bool {
    name.count >= 5 && name[0..<5] == ".init"
  }

  private func isReadOnlyAfterInit(_ name: ByteString) -> Bool {
    name == ".data..ro_after_init" || name == "__jump_table"
  }
}
