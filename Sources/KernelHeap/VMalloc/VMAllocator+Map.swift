public import Arm64
public import MemoryTypes
import PageFrames

/// Mapping what is there: frames that somebody has, and devices.
extension VMAllocator {
  /// Maps frames side by side, in the order that `frame` gives them (`vmap()`).
  ///
  /// They stay their owner's, unless `flags` has ``VMFlags/putPages``: then ``unmap(_:)`` gives
  /// them back, too.
  public mutating func map(
    _ count: PageCount, flags: VMFlags = [], attributes: Descriptor.Attributes = .kernel,
    caller: VMCaller, frame: (_ index: UInt64) -> PageFrameNumber?
  ) -> VirtualAddress? {
    guard count.rawValue > 0, count.rawValue <= mostPages else { return nil }
    let clean = flags.intersection([.putPages, .noGuard, .userMap, .dmaCoherent])
    guard
      let description = place(
        count.bytes(of: board.pageSize), alignment: 1, in: .vmalloc, .kernel,
        clean.contains(.dmaCoherent) ? clean : clean.union(.map), caller)
    else { return nil }
    let start = description.pointee.start
    let mapped = mapPages(at: start, count.rawValue, attributes, frame)
    guard mapped == count.rawValue else {
      remove(description, freesFrames: false)
      return nil
    }
    if clean.contains(.putPages) {
      description.pointee.pages = UInt32(truncatingIfNeeded: mapped)
      pages &+= mapped
    }
    return start
  }

  /// Maps frames for a short time, without a description (`vm_map_ram()`).
  public mutating func mapBriefly(
    _ count: PageCount, frame: (_ index: UInt64) -> PageFrameNumber?
  ) -> VirtualAddress? {
    guard count.rawValue > 0, count.rawValue <= mostPages else { return nil }
    guard
      let area = placeArea(
        count.bytes(of: board.pageSize), alignment: 1, in: .vmalloc, .kernel)
    else { return nil }
    let start = area.pointee.start
    tellSanitizer(.opened, start, count.bytes(of: board.pageSize))
    if mapPages(at: start, count.rawValue, .kernel, frame) == count.rawValue { return start }
    unmapBriefly(start)
    return nil
  }

  /// Ends what ``mapBriefly(_:frame:)`` began (`vm_unmap_ram()`).
  @discardableResult
  public mutating func unmapBriefly(_ address: VirtualAddress) -> Bool {
    guard let area = area(containing: address), area.pointee.start == address,
      area.pointee.kind == .busy, area.pointee.word == 0
    else { return false }
    tellSanitizer(.closed, area.pointee.start, area.pointee.length)
    unmapPages(area.pointee.start, area.pointee.end) { _ in }
    makeLazy(area)
    return true
  }

  /// Maps a device's registers, at any address and of any length (`ioremap_prot()`).
  ///
  /// RAM is refused, as on arm64: it is in the linear map already, with other attributes. The
  /// address is aligned as the length, up to the largest block, so that blocks can be used.
  public mutating func mapDevice(
    _ physical: PhysicalAddress, _ size: ByteCount, attributes: Descriptor.Attributes = .device,
    caller: VMCaller
  ) -> VirtualAddress? {
    let pageSize = board.pageSize
    let first = physical.alignedDown(to: pageSize)
    let last = physical + size - ByteCount(1)
    guard size > .zero, last >= physical, last.rawValue &>> 52 == 0 else { return nil }
    let length = (last.alignedDown(to: pageSize) + pageSize.bytes) - first
    guard length <= VMArea.longest, !isRAM(first, length) else { return nil }
    guard
      let description = place(
        length, alignment: deviceAlignment(length), in: .vmalloc, .kernel, .ioremap, caller)
    else { return nil }
    description.pointee.physical = first
    let start = description.pointee.start
    guard mapDevicePages(start, first, length, attributes) else {
      remove(description, freesFrames: false)
      return nil
    }
    return start + physical.offset(in: pageSize)
  }

  /// Ends what ``mapDevice(_:_:attributes:caller:)`` began (`iounmap()`).
  @discardableResult
  public mutating func unmapDevice(_ address: VirtualAddress) -> Bool {
    unmap(address.alignedDown(to: board.pageSize))
  }

  /// The least power of two that holds the length, between a page and what the largest block maps
  /// (IOREMAP_MAX_ORDER: PUD_SHIFT on 4K pages, PMD_SHIFT on larger).
  private func deviceAlignment(_ length: ByteCount) -> UInt64 {
    let geometry = board.translation
    let most = geometry.shift(at: board.pageSize == .fourKiB ? 1 : 2)
    let order = UInt64(64 &- (length.rawValue &- 1).leadingZeroBitCount)
    return 1 &<< min(max(order, board.pageSize.shift), most)
  }

  /// Page by page, and by blocks of level 2 where both addresses allow (`vmap_page_range()`).
  private func mapDevicePages(
    _ start: VirtualAddress, _ physical: PhysicalAddress, _ length: ByteCount,
    _ attributes: Descriptor.Attributes
  ) -> Bool {
    let pageSize = board.pageSize
    let span = board.translation.coverage(at: 2)
    var done = ByteCount.zero
    while done < length {
      let (at, target) = (start + done, physical + done)
      let rest = length - done
      if allowsHuge && board.translation.mapsBlocks(at: 2) && rest >= span
        && (at.rawValue | target.rawValue) & (span.rawValue &- 1) == 0
      {
        guard mapBlock(at: at, to: target, attributes) else { return false }
        done += span
        continue
      }
      let toBoundary = (at.alignedDown(to: span) + span) - at
      let piece = min(rest, toBoundary).wholePages(of: pageSize).rawValue
      let first = PageFrameNumber(containing: target, pageSize)
      let mapped = mapPages(at: at, piece, attributes) { first + PageCount($0) }
      guard mapped == piece else { return false }
      done += PageCount(piece).bytes(of: pageSize)
    }
    return true
  }

  /// Whether any of a physical range is RAM (`pfn_is_map_memory()` asks for the first only).
  private func isRAM(_ start: PhysicalAddress, _ length: ByteCount) -> Bool {
    for index in 0..<frames.pointee.banks.count {
      let bank = frames.pointee.banks[index]
      if start < bank.end && bank.start < start + length { return true }
    }
    return false
  }
}
