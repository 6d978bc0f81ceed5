import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Memory policies of areas and processes (mm/mempolicy.c), for the one node there is.
extension SystemCall {
  /// mbind(start, length, mode, nodes, maximum, flags).
  @inline(never)
  func bindMemory() throws(Errno) -> UInt64 {
    try MemoryPolicy.checkMode(word(2))
    let nodes = try copyNodes(argument(3), maximum: argument(4))
    try space.pointee.bind(
      address(0), bytes(1), mode: word(2), nodes: nodes, BindFlags(rawValue: word(5)))
    return 0
  }

  /// set_mempolicy(mode, nodes, maximum).
  func setPolicy() throws(Errno) -> UInt64 {
    try MemoryPolicy.checkMode(word(0))
    let nodes = try copyNodes(argument(1), maximum: argument(2))
    task.pointee.memory.policy = try MemoryPolicy(mode: word(0), nodes: nodes)
    return 0
  }

  /// get_mempolicy(mode, nodes, maximum, address, flags).
  @inline(never)
  func getPolicy() throws(Errno) -> UInt64 {
    let maximum = argument(2)
    guard argument(1) == 0 || maximum >= 1 else { throw .EINVAL }
    let (mode, found) = try policy(argument(3), flags: argument(4))
    var nodes = found
    if argument(0) != 0 { try space.pointee.copyOut(mode, to: address(0)) }
    guard argument(1) != 0 else { return 0 }
    // copy_nodes_to_user(): a word, and zeros up to the maximum.
    let length = (maximum &- 1 &+ 63) & ~63 / 8
    if length > 8 {
      guard length <= kernel.board.pageSize.bytes.rawValue else { throw .EINVAL }
      try space.pointee.clearOut(address(1) + ByteCount(8), Int(length) &- 8)
      nodes &= 1
    }
    if length > 0 { try space.pointee.copyOut(nodes, to: address(1)) }
    return 0
  }

  /// do_get_mempolicy(): mode and nodes, of the process, of the area at an address, or allowed.
  private func policy(
    _ place: UInt64, flags: UInt64
  ) throws(Errno) -> (mode: UInt32, nodes: UInt64) {
    let (wantsNode, atAddress, allowed) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
    guard flags & ~7 == 0 else { throw .EINVAL }
    if allowed {
      guard flags == 4 else { throw .EINVAL }
      return (0, 1)
    }
    var policy = task.pointee.memory.policy
    if atAddress {
      policy = try space.pointee.policy(at: VirtualAddress(place))
    } else if VirtualAddress(place).untagged.rawValue != 0 {
      throw .EINVAL
    }
    guard wantsNode else { return (policy.modeAndFlags, policy.nodes) }
    if atAddress {
      // The page is brought in for it (lookup_node()).
      _ = try space.pointee.copyIn(UInt8.self, from: VirtualAddress(place).untagged)
    } else {
      guard policy.mode == .interleave else { throw .EINVAL }
    }
    return (0, policy.nodes)
  }

  /// set_mempolicy_home_node(start, length, node, flags).
  func setHomeNode() throws(Errno) -> UInt64 {
    guard address(0).untagged.isAligned(to: kernel.board.pageSize) else { throw .EINVAL }
    guard argument(3) == 0, argument(2) == 0 else { throw .EINVAL }
    try space.pointee.setHomeNode(address(0), bytes(1))
    return 0
  }

  /// migrate_pages(pid, maximum, from, to): from where nothing is, or to where it is.
  func migratePages() throws(Errno) -> UInt64 {
    _ = try copyNodes(argument(2), maximum: argument(1))
    let new = try copyNodes(argument(3), maximum: argument(1))
    guard let target = int(0) == 0 ? task : kernel.task(int(0)) else { throw .ESRCH }
    try checkInspection(of: target)
    guard new & ~1 == 0 || task.pointee.memory.isPrivileged else { throw .EPERM }
    guard new & 1 != 0 else { throw .EINVAL }
    return 0
  }

  /// A program's set of nodes (get_nodes()): no node beyond those that could be.
  func copyNodes(_ place: UInt64, maximum: UInt64) throws(Errno) -> UInt16 {
    let limit = MemoryPolicy.nodeLimit
    var count = maximum &- 1
    guard count != 0, place != 0 else { return 0 }
    guard count <= kernel.board.pageSize.bytes.rawValue &* 8 else { throw .EINVAL }
    // Words from the end on, of which those that are not whole are looked at as Linux does.
    while count > limit {
      let bits = min(count, 64)
      var word = try copyMask(place, word: (count &- 1) / 64, bits: bits)
      if count &- bits >= limit {
        count &-= bits
      } else {
        count = limit
        word &= ~(1 &<< limit &- 1)
      }
      guard word == 0 else { throw .EINVAL }
    }
    return UInt16(truncatingIfNeeded: try copyMask(place, word: 0, bits: count))
  }

  private func copyMask(
    _ place: UInt64, word index: UInt64, bits: UInt64
  ) throws(Errno) -> UInt64 {
    let word = try space.pointee.copyIn(
      UInt64.self, from: VirtualAddress(place &+ index &* 8))
    return bits & 63 == 0 ? word : word & (1 &<< bits &- 1)
  }
}
