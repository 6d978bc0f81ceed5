import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// move_pages (mm/migrate.c:kernel_move_pages()): where pages are, which is where they can move to.
extension SystemCall {
  /// move_pages(pid, count, pages, nodes, status, flags).
  @inline(never)
  func movePages() throws(Errno) -> UInt64 {
    let flags = BindFlags(rawValue: word(5))
    guard flags.isSubset(of: [.move, .moveAll]) else { throw .EINVAL }
    guard !flags.contains(.moveAll) || task.pointee.memory.isPrivileged else { throw .EPERM }
    var other = space
    if int(0) != 0 {
      guard let target = kernel.task(int(0)) else { throw .ESRCH }
      try checkInspection(of: target)
      guard let its = target.pointee.memory.space else { throw .EINVAL }
      other = its
    }
    other.pointee.retain()
    defer { AddressSpace.release(other) }
    if argument(3) == 0 {
      try locatePages(of: other)
    } else {
      try movePages(of: other)
    }
    return 0
  }

  /// do_pages_stat(): by sixteen at once, as far as a failure shows.
  private func locatePages(of other: KernelPointer<AddressSpace<B>>) throws(Errno) {
    var left = argument(1)
    var (pages, states) = (address(2), address(4))
    while left > 0 {
      let count = Int(min(left, 16))
      var places = InlineArray<16, UInt64>(repeating: 0)
      var nodes = InlineArray<16, Int32>(repeating: 0)
      var span = places.mutableSpan
      // SAFETY: as many bytes as the array's first `count` words have.
      try unsafe span.withUnsafeMutableBytes { (buffer) throws(Errno) in
        guard let base = buffer.baseAddress else { throw .EFAULT }
        try unsafe space.pointee.copyIn(pages, to: base, count &* 8)
      }
      for index in 0..<count {
        nodes[index] = other.pointee.node(
          ofPageAt: VirtualAddress(places[index]), moves: false)
      }
      // SAFETY: as above.
      try unsafe nodes.span.withUnsafeBytes { (buffer) throws(Errno) in
        guard let base = buffer.baseAddress else { throw .EFAULT }
        try unsafe space.pointee.copyOut(base, to: states, count &* 4)
      }
      left &-= UInt64(count)
      pages += ByteCount(128)
      states += ByteCount(64)
    }
  }

  /// do_pages_move(): each page's node is checked when its turn comes.
  private func movePages(of other: KernelPointer<AddressSpace<B>>) throws(Errno) {
    var index: UInt64 = 0
    while index < argument(1) {
      let page = try space.pointee.copyIn(
        UInt64.self, from: address(2) + ByteCount(index &* 8))
      let node = try space.pointee.copyIn(
        Int32.self, from: address(3) + ByteCount(index &* 4))
      guard node == 0 else { throw .ENODEV }
      let state = other.pointee.node(ofPageAt: VirtualAddress(page).untagged, moves: true)
      try space.pointee.copyOut(state, to: address(4) + ByteCount(index &* 4))
      index &+= 1
    }
  }
}
