import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Swap
import Tasks

/// The machine as a whole (kernel/sys.c, drivers/char/random.c).
extension SystemCall {
  /// uname: six fields of 65 bytes.
  func systemName() throws(Errno) -> UInt64 {
    try space.pointee.clearOut(address(0), 390)
    func field(_ index: UInt64, _ text: StaticString) throws(Errno) {
      // SAFETY: the literal's bytes.
      try unsafe space.pointee.copyOut(
        UnsafeRawPointer(text.utf8Start), to: address(0) + ByteCount(index &* 65),
        text.utf8CodeUnitCount)
    }
    try field(0, SystemName.system)
    try space.pointee.copyOut(kernel.store.pointee.names.node.field, to: address(0) + ByteCount(65))
    try field(2, SystemName.release)
    try field(3, SystemName.version)
    try field(4, SystemName.machine)
    try space.pointee.copyOut(
      kernel.store.pointee.names.domain.field, to: address(0) + ByteCount(325))
    return 0
  }

  /// sethostname(name, length) and setdomainname(name, length).
  func setName(isDomain: Bool) throws(Errno) -> UInt64 {
    guard task.pointee.capabilities.has(Capabilities.administration) else { throw .EPERM }
    guard 0...64 ~= int(1) else { throw .EINVAL }
    var name = kernel.store.pointee.names.node
    try name.set(count: Int(int(1))) { (index) throws(Errno) in
      try space.pointee.copyIn(UInt8.self, from: address(0) + ByteCount(UInt64(index)))
    }
    if isDomain {
      kernel.store.pointee.names.domain = name
    } else {
      kernel.store.pointee.names.node = name
    }
    return 0
  }

  /// sysinfo(buffer): 112 bytes.
  func systemFigures() throws(Errno) -> UInt64 {
    let pageSize = kernel.board.pageSize
    let total = kernel.frames.pointee.managed.bytes(of: pageSize).rawValue
    let free = kernel.frames.pointee.free.bytes(of: pageSize).rawValue
    var words = InlineArray<14, UInt64>(repeating: 0)
    // Rounded up, as Linux does.
    words[0] = (kernel.board.clock.nanoseconds &+ 999_999_999) / 1_000_000_000
    words[4] = total
    words[5] = free
    words[6] =
      PageCount(UInt64(max(kernel.frames.pointee.shown(.nr_shmem), 0)))
      .bytes(of: pageSize).rawValue
    let swap = kernel.memory.pointee.swap
    words[8] = kernel.memory.pointee.swapPages.bytes(of: pageSize).rawValue
    words[9] = PageCount(UInt64(max(swap.pointee.freePages, 0))).bytes(of: pageSize).rawValue
    words[10] = UInt64(kernel.store.pointee.taskCount & 0xffff)
    words[13] = 1
    for index in 0..<14 {
      try space.pointee.copyOut(words[index], to: address(0) + ByteCount(UInt64(index) &* 8))
    }
    return 0
  }

  /// getrandom(buffer, length, flags): never waits; the same bytes in every run.
  func random() throws(Errno) -> UInt64 {
    guard word(2) & ~7 == 0, word(2) & 6 != 6 else { throw .EINVAL }
    try checkRange(address(0), min(argument(1), 0x7fff_ffff))
    var place = address(0)
    return UInt64(
      try files.pointee.random(bytes(1)) { piece in
        store(piece, &place)
      })
  }
}
