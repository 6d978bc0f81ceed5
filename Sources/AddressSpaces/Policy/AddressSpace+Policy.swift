import Arm64
public import MemoryTypes
import PageFrames

/// What mbind is to do with pages that lie elsewhere than the policy says (MPOL_MF_*).
public struct BindFlags: OptionSet, BitwiseCopyable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Such pages are an error, unless they could be moved.
  public static var strict: Self { Self(rawValue: 1) }
  /// They are moved: those of this process alone, or all.
  public static var move: Self { Self(rawValue: 2) }
  public static var moveAll: Self { Self(rawValue: 4) }
  public static var all: Self { Self(rawValue: 7) }
}

/// mbind, get_mempolicy and set_mempolicy_home_node of areas (mm/mempolicy.c).
extension AddressSpace {
  /// The policy of the area at an address; EFAULT without one.
  public mutating func policy(at address: VirtualAddress) throws(Errno) -> MemoryPolicy {
    guard let area = areas.area(containing: untagged(address)) else { throw .EFAULT }
    return context.pointee.policies.policy(area.pointee.policy, context)
  }

  /// Gives a range a policy (`do_mbind()`), from a mode with flags and nodes.
  public mutating func bind(
    _ start: VirtualAddress, _ length: ByteCount, mode: UInt32, nodes: UInt16, _ flags: BindFlags
  ) throws(Errno) {
    guard flags.isSubset(of: .all) else { throw .EINVAL }
    if flags.contains(.moveAll), !context.pointee.current.pointee.isPrivileged { throw .EPERM }
    guard let range = try policyRange(start, length) else { return }
    let policy = try MemoryPolicy(mode: mode, nodes: nodes)
    try checkPlaces(range, policy, nodes, flags)
    var next = areas.area(endingAbove: range.lowerBound)
    while let area = next, area.pointee.start < range.upperBound {
      next = try setPolicy(of: area, in: range, policy).pointee.next
    }
  }

  /// Says which node the pages of a range come from if they can; only node 0 there is.
  public mutating func setHomeNode(
    _ start: VirtualAddress, _ length: ByteCount
  ) throws(Errno) {
    guard let range = try policyRange(start, length) else { return }
    var hasOne = false
    var next = areas.area(endingAbove: range.lowerBound)
    while let area = next, area.pointee.start < range.upperBound {
      next = area.pointee.next
      let policy = context.pointee.policies.policy(area.pointee.policy, context)
      guard policy != .none else { continue }
      guard let new = policy.withHome else { throw .EOPNOTSUPP }
      next = try setPolicy(of: area, in: range, new).pointee.next
      hasOne = true
    }
    if !hasOne { throw .ENOENT }
  }

  /// The pages of a range; nil if there are none.
  private func policyRange(
    _ start: VirtualAddress, _ length: ByteCount
  ) throws(Errno) -> Range<VirtualAddress>? {
    let start = untagged(start)
    guard start.isAligned(to: pageSize) else { throw .EINVAL }
    let end = start + length.alignedUp(to: pageSize)
    guard end >= start else { throw .EINVAL }
    return start == end ? nil : start..<end
  }

  /// Whether there is memory everywhere, and where it must be (`queue_pages_range()`).
  ///
  /// The nodes are those of the call, not what the policy makes of them. Pages that are to move to
  /// the node they are on stay.
  private mutating func checkPlaces(
    _ range: Range<VirtualAddress>, _ policy: MemoryPolicy, _ nodes: UInt16, _ flags: BindFlags
  ) throws(Errno) {
    guard var area = areas.area(endingAbove: range.lowerBound),
      area.pointee.start < range.upperBound
    else { throw .EFAULT }
    if policy == .none { return }  // Holes are no error, pages elsewhere neither.
    guard area.pointee.start <= range.lowerBound else { throw .EFAULT }
    let isElsewhere = nodes & 1 == 0 && flags == .strict
    while true {
      let end = area.pointee.end
      let next = area.pointee.next
      if end < range.upperBound {
        guard let next, next.pointee.start == end else { throw .EFAULT }
      }
      if isElsewhere,
        hasPages(max(area.pointee.start, range.lowerBound)..<min(end, range.upperBound))
      {
        throw .EIO
      }
      guard end < range.upperBound, let next else { return }
      area = next
    }
  }

  /// Whether a range maps any page but zeros.
  private func hasPages(_ range: Range<VirtualAddress>) -> Bool {
    var found = false
    tables.forEachRun(in: range) { run in
      if found { return }
      for index in 0..<run.count where run[index].isPresent && !run[index].isSpecial {
        found = true
        return
      }
    }
    return found
  }

  /// Gives the part of an area that lies in a range a policy; the area that it is now
  /// (`mbind_range()`).
  private mutating func setPolicy(
    of area: Area, in range: Range<VirtualAddress>, _ policy: MemoryPolicy
  ) throws(Errno) -> Area {
    let number = try context.pointee.policies.number(of: policy, context)
    guard area.pointee.policy != number else { return area }
    let start = max(area.pointee.start, range.lowerBound)
    let previous = start > area.pointee.start ? area : area.pointee.previous
    let target = try isolate(
      area, after: previous, start, min(area.pointee.end, range.upperBound), area.pointee.flags,
      policy: number)
    target.pointee.policy = number
    areas.note(start, target.pointee.end)
    return target
  }

  /// The node of the page at an address, as move_pages says it: 0, or an error number below zero
  /// (`do_pages_stat_array()`, `add_page_for_migration()`).
  ///
  /// `moves` is whether it is to move there: of what cannot move is said that it is not there.
  public mutating func node(ofPageAt address: VirtualAddress, moves: Bool) -> Int32 {
    let absent = 0 &- Int32(Errno.ENOENT.rawValue)
    let nowhere = 0 &- Int32(Errno.EFAULT.rawValue)
    guard address < taskSize, let area = areas.area(containing: address) else { return nowhere }
    if moves, !area.pointee.flags.isDisjoint(with: [.deviceMemory, .frameNumbers]) {
      return nowhere
    }
    guard let slot = tables.entry(for: address), slot.pointee.isPresent else {
      // What was never touched is like zeros, and like no page at all (no_page_table()).
      return area.pointee.isAnonymous ? nowhere : absent
    }
    if slot.pointee.isProtNone { return absent }
    return slot.pointee.isSpecial ? nowhere : 0
  }
}
