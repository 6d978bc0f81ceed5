import Arm64
import KernelLayout
public import MemoryTypes

/// Where a mapping goes (mm/mmap.c:get_unmapped_area()).
extension AddressSpace {
  @inline(__always) public var taskSize: VirtualAddress { user.taskSize }
  /// The end of what the kernel's copies take for the program's.
  @inline(__always) var accessEnd: VirtualAddress { user.accessEnd }

  /// Room for a mapping of whole pages: at the hint if that is free, else the highest room below
  /// `mmapBase`, or the lowest above it in the legacy layout.
  public mutating func findRoom(
    _ length: ByteCount, hint: VirtualAddress
  ) throws(Errno) -> VirtualAddress {
    try placement(of: length, at: hint, fixed: false)
  }

  /// The address that a mapping gets, `fixed` or not; every limit of the user half is checked.
  @inline(__always)
  mutating func placement(
    of length: ByteCount, at address: VirtualAddress, fixed: Bool
  ) throws(Errno) -> VirtualAddress {
    let taskSize = taskSize
    guard length.rawValue <= taskSize.rawValue else { throw .ENOMEM }
    let found = fixed ? address : try roomFor(length, hint: address)
    // Linux's order: beyond the end comes before misaligned.
    guard found.rawValue <= taskSize.rawValue &- length.rawValue else { throw .ENOMEM }
    guard found.isAligned(to: pageSize) else { throw .EINVAL }
    if found.rawValue < context.pointee.settings.mmapMinAddress
      && !context.pointee.current.pointee.isPrivileged
    {
      throw .EPERM  // security_mmap_addr()
    }
    return found
  }

  /// generic_get_unmapped_area_topdown() and generic_get_unmapped_area().
  mutating func roomFor(
    _ length: ByteCount, hint: VirtualAddress
  ) throws(Errno) -> VirtualAddress {
    let layout = user
    // With 52 bits, only a hint above the window opens what is above it.
    let isHigh = hint > layout.mapWindow
    let end = isHigh ? layout.taskSize : layout.mapWindow
    let minimum = context.pointee.settings.mmapMinAddress
    guard length.rawValue <= end.rawValue &- minimum else { throw .ENOMEM }
    if hint.rawValue != 0 {
      let wanted = hint.alignedUp(to: pageSize)
      if wanted.rawValue <= end.rawValue &- length.rawValue, wanted.rawValue >= minimum,
        isFree(wanted, wanted + length)
      {
        return wanted
      }
    }
    if isLegacyLayout {
      if let room = areas.lowestRoom(length, from: mmapBase, to: end) { return room }
      throw .ENOMEM
    }
    let top = isHigh ? mmapBase + (layout.taskSize - layout.mapWindow) : mmapBase
    let bottom = VirtualAddress(max(pageSize.bytes.rawValue, minimum))
    if let room = areas.highestRoom(length, from: bottom, to: top) { return room }
    // A large stack limit leaves little below the base; there is room above it.
    if let room = areas.lowestRoom(length, from: layout.taskUnmappedBase, to: end) { return room }
    throw .ENOMEM
  }

  /// Whether a range is free, and out of the guard of what follows.
  mutating func isFree(_ start: VirtualAddress, _ end: VirtualAddress) -> Bool {
    let (previous, area) = areas.neighbours(of: start)
    if let area, end > areas.guardedStart(area) { return false }
    if let previous, start < previous.pointee.end { return false }
    return true
  }

  /// Chooses between the two layouts and sets the base (mm/util.c:arch_pick_mmap_layout()).
  ///
  /// - Parameters:
  ///   - stackShift: the most that the stack is moved down at random.
  ///   - offset: how far mappings are moved at random; a multiple of the page size.
  public mutating func setUpLayout(
    stackLimit: ByteCount, legacy: Bool, stackShift: ByteCount, offset: ByteCount
  ) {
    isLegacyLayout = legacy || stackLimit.rawValue == .max
    mmapBase = user.mmapBase(
      stackLimit: isLegacyLayout ? ByteCount(.max) : stackLimit,
      guardGap: areas.stackGuard, stackRandomBytes: stackShift, randomBytes: offset)
  }
}
