public import MemoryTypes

/// What a mapping of the kernel half may use (`NO_BLOCK_MAPPINGS` and its like, arch/arm64/mm/mmu.c).
public struct MappingOptions: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Pages only.
  @inlinable public static var noBlocks: MappingOptions { MappingOptions(rawValue: 1 << 0) }
  /// No contiguous runs.
  @inlinable public static var noContiguous: MappingOptions { MappingOptions(rawValue: 1 << 1) }
  /// Tables made for it forbid EL1 to execute (`NO_EXEC_MAPPINGS`).
  @inlinable public static var noExecute: MappingOptions { MappingOptions(rawValue: 1 << 2) }

  /// What its tables forbid: EL0 executes nothing under any of them (`PMD_TABLE_UXN`).
  var tableLimits: Descriptor.TableAttributes {
    contains(.noExecute) ? [.userExecuteNever, .privilegedExecuteNever] : .userExecuteNever
  }
}

extension PageTable {
  /// Maps a physical range, with the largest blocks and contiguous runs that fit; false where
  /// `allocate` has no frame for a table (arch/arm64/mm/mmu.c:__create_pgd_mapping).
  ///
  /// Addresses and length are multiples of the page size. At each level the range is cut at the
  /// boundaries of contiguous runs, and at those of descriptors: a piece that is a whole aligned
  /// run gets the contiguous bit, a piece that is a whole aligned descriptor becomes a block where
  /// Linux maps blocks, and the rest goes one level down. So one range has the same descriptors
  /// here as there. Mapping over a live range may change permissions only
  /// (`pgattr_change_is_safe`); the TLB is the caller's.
  public func map(
    _ address: VirtualAddress, to physical: PhysicalAddress, _ length: ByteCount,
    _ attributes: Descriptor.Attributes, _ options: MappingOptions = [],
    allocate: (_ level: Int) -> PageFrameNumber?
  ) -> Bool {
    let size = board.pageSize
    precondition(address.isAligned(to: size) && physical.isAligned(to: size))
    precondition(length.rawValue & size.offsetMask == 0)
    if length == .zero { return true }
    let mapped = map(
      rootTable, address, address + length, physical, attributes, options, allocate)
    board.publishDescriptors()
    return mapped
  }

  /// Maps what of a range falls into one table.
  func map(
    _ table: TranslationTable, _ start: VirtualAddress, _ end: VirtualAddress,
    _ physical: PhysicalAddress, _ attributes: Descriptor.Attributes, _ options: MappingOptions,
    _ allocate: (_ level: Int) -> PageFrameNumber?
  ) -> Bool {
    let geometry = board.translation
    let level = table.level
    let span = geometry.coverage(at: level)
    let run = level >= 2 ? geometry.contiguousCoverage(at: level) : span
    let mayRun = level >= 2 && !options.contains(.noContiguous)
    let mayBlock = geometry.mapsBlocks(at: level) && !options.contains(.noBlocks)

    var at = start
    var physical = physical
    while at != end {
      let runEnd = Self.boundary(after: at, run, end)
      var here = attributes
      if mayRun && Self.isWhole(at, runEnd, physical, run) { here.formUnion(.contiguous) }
      while at != runEnd {
        let next = Self.boundary(after: at, span, runEnd)
        let slot = table.slot(for: at, in: geometry)
        if level == 3 {
          replace(slot, Descriptor(output: physical, here, in: geometry))
        } else if mayBlock && Self.isWhole(at, next, physical, span) {
          replace(slot, Descriptor(block: physical, here, in: geometry))
        } else {
          guard
            let below = tableBelow(slot, level, options.tableLimits, allocate),
            map(below, at, next, physical, here, options, allocate)
          else { return false }
        }
        physical += next - at
        at = next
      }
    }
    return true
  }

  /// The first multiple of `span` above `at`, or `end` where that comes first
  /// (`pmd_addr_end`, `pte_cont_addr_end`).
  static func boundary(after at: VirtualAddress, _ span: ByteCount, _ end: VirtualAddress)
    -> VirtualAddress
  {
    let next = at.alignedDown(to: span) + span
    return next.rawValue &- 1 < end.rawValue &- 1 ? next : end
  }

  /// Whether a piece is a whole multiple of `span` on both sides of the mapping.
  static func isWhole(
    _ start: VirtualAddress, _ end: VirtualAddress, _ physical: PhysicalAddress, _ span: ByteCount
  ) -> Bool {
    (start.rawValue | end.rawValue | physical.rawValue) & (span.rawValue &- 1) == 0
  }

  /// Writes a leaf over none, or over one that maps the same with other permissions.
  func replace(_ slot: KernelPointer<Descriptor>, _ descriptor: Descriptor) {
    precondition(slot.pointee.mayBecome(descriptor), "a live mapping was to change its target")
    slot.pointee = descriptor
  }

  /// Changes the attributes of the pages and blocks that make up a range (arch/arm64/mm/pageattr.c).
  ///
  /// False, with what came before changed, where a block reaches beyond the range or nothing is
  /// mapped. The TLB is the caller's.
  public func changeAttributes(
    in range: Range<VirtualAddress>, set: Descriptor.Attributes, clear: Descriptor.Attributes
  ) -> Bool {
    let geometry = board.translation
    var at = range.lowerBound
    while at < range.upperBound {
      let table = descend(to: 3, for: at)
      let span = geometry.coverage(at: table.level)
      let slot = table.slot(for: at, in: geometry)
      let next = at + span
      guard at.alignedDown(to: span) == at, next.rawValue &- 1 <= range.upperBound.rawValue &- 1,
        slot.pointee.isValid
      else { return false }
      slot.pointee = slot.pointee.clearing(clear).setting(set)
      if next < at { break }
      at = next
    }
    board.publishDescriptors()
    return true
  }
}

extension Descriptor {
  /// Whether a live kernel descriptor may be overwritten without break-before-make
  /// (arch/arm64/mm/mmu.c:pgattr_change_is_safe).
  @inlinable public func mayBecome(_ new: Descriptor) -> Bool {
    if isNone || new.isNone || self == new { return true }
    if (rawValue | new.rawValue) & Attributes.contiguous.rawValue != 0 { return false }
    if rawValue & ~new.rawValue & Attributes.notGlobal.rawValue != 0 { return false }
    let free: Attributes = [.privilegedExecuteNever, .readOnly, .writable, .notGlobal]
    var mask = free.rawValue
    let tagging: Attributes = [.init(rawValue: 1 << 2)]
    if rawValue & Attributes.memoryTypeMask & ~tagging.rawValue == 0
      && new.rawValue & Attributes.memoryTypeMask & ~tagging.rawValue == 0
    {
      mask |= Attributes.memoryTypeMask
    }
    return (rawValue ^ new.rawValue) & ~mask == 0
  }
}
