import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// Files: offsets in pairs of registers, locks, vectors.
extension CompatCall {
  /// dup2: dup3 without flags, but for a descriptor onto itself.
  func duplicate() throws(Errno) -> UInt64 {
    guard word(0) != word(1) else {
      _ = try call(25, argument(0), 1)  // F_GETFD: EBADF if it is not open
      return argument(0)
    }
    return try call(24, argument(0), argument(1), 0)
  }

  /// fcntl and fcntl64 (fs/fcntl.c:do_compat_fcntl64()).
  ///
  /// `struct flock64` is the 64-bit `struct flock`: Arm aligns 64-bit numbers to 8 bytes.
  func fileControl(has64Bits: Bool) throws(Errno) -> UInt64 {
    switch word(1) {
    case 5, 6, 7: return try shortLock()  // F_GETLK, F_SETLK, F_SETLKW
    case 12, 13, 14, 36, 37, 38:  // F_GETLK64 and on, F_OFD_GETLK and on
      guard has64Bits else { throw .EINVAL }
      return try call(
        25, argument(0), argument(1) >= 36 ? argument(1) : argument(1) &- 7, argument(2))
    default: return try call(25, argument(0), argument(1), argument(2))
    }
  }

  /// A lock with 32-bit offsets: type and whence, 16 bits each; start, length, process.
  private func shortLock() throws(Errno) -> UInt64 {
    let place = argument(2)
    try put(try load(UInt32.self, place), at: 0)
    try put(try loadSigned(place, 4), at: 8)
    try put(try loadSigned(place, 8), at: 16)
    try put(try load(UInt32.self, place, 12), at: 24)
    let result = try call(25, argument(0), argument(1), window(0))
    guard word(1) == 5 else { return result }
    let start = try get(Int64.self, at: 8)
    var length = try get(Int64.self, at: 16)
    // fixup_compat_flock()
    guard start <= Int64(Int32.max) else { throw .EOVERFLOW }
    if length > Int64(Int32.max) { length = Int64(Int32.max) }
    try store(try get(UInt32.self, at: 0), place)
    try store(Int32(truncatingIfNeeded: start), place, 4)
    try store(Int32(truncatingIfNeeded: length), place, 8)
    try store(try get(UInt32.self, at: 24), place, 12)
    return result
  }

  /// _llseek(fd, high, low, result, whence).
  func seekLong() throws(Errno) -> UInt64 {
    guard word(4) <= 4 else { throw .EINVAL }
    let found = try call(62, argument(0), argument(2) | argument(1) &<< 32, argument(4))
    try store(found, argument(3))
    return 0
  }

  /// sendfile, whose offset has 32 bits.
  func sendFile() throws(Errno) -> UInt64 {
    guard argument(2) != 0 else { return try call(71, argument(0), argument(1), 0, argument(3)) }
    try put(try loadSigned(argument(2)), at: 0)
    let count = try call(71, argument(0), argument(1), window(0), argument(3))
    try store(UInt32(truncatingIfNeeded: try get(UInt64.self, at: 0)), argument(2))
    return count
  }

  /// A call whose second and third arguments are a vector: readv and its family.
  func vector(_ number: UInt64, _ position: UInt64, flags: UInt64 = 0) throws(Errno) -> UInt64 {
    try withVector(argument(1), argument(2)) { (vector) throws(Errno) in
      try call(number, argument(0), vector, argument(2), position, 0, flags)
    }
  }

  /// process_madvise(pidfd, vector, count, advice, flags).
  func adviseOther() throws(Errno) -> UInt64 {
    try withVector(argument(1), argument(2)) { (vector) throws(Errno) in
      try call(440, argument(0), vector, argument(2), argument(3), argument(4))
    }
  }

  /// process_vm_readv and process_vm_writev(pid, own vector, count, other vector, count, flags).
  func copyBetween(_ number: UInt64) throws(Errno) -> UInt64 {
    try withVector(argument(1), argument(2), argument(3), argument(4)) {
      (own, other) throws(Errno) in
      try call(number, argument(0), own, argument(2), other, argument(4), argument(5))
    }
  }

  private func withVector(
    _ address: UInt64, _ count: UInt64, _ body: (UInt64) throws(Errno) -> UInt64
  ) throws(Errno) -> UInt64 {
    try withVector(address, count, 0, 0) { (vector, _) throws(Errno) in try body(vector) }
  }

  /// Converts one or two vectors of (address, length) into the window, or into frames if there are
  /// many (lib/iov_iter.c:copy_compat_iovec_from_user()).
  private func withVector(
    _ first: UInt64, _ firstCount: UInt64, _ second: UInt64, _ secondCount: UInt64,
    _ body: (UInt64, UInt64) throws(Errno) -> UInt64
  ) throws(Errno) -> UInt64 {
    // UIO_MAXIOV; the 64-bit call knows what to say to more.
    let (most, all) = (UInt64(1024), firstCount &+ secondCount)
    guard firstCount <= most, secondCount <= most else { return try body(first, second) }
    guard all > UInt64(Self.windowLength / 16) else {
      try convert(first, firstCount, at: 0)
      try convert(second, secondCount, at: Int(firstCount) &* 16)
      return try body(window(0), window(Int(firstCount) &* 16))
    }
    let pageSize = kernel.board.pageSize
    let order = Order(holding: ByteCount(all &* 16).pagesNeeded(of: pageSize))
    guard let block = kernel.frames.pointee.allocate(order, .kernel) else { throw .ENOMEM }
    let narrow = task.pointee.memory.window
    defer {
      task.pointee.memory.window = narrow
      kernel.frames.pointee.free(block, order)
    }
    // SAFETY: the frames are ours until the window is put back.
    unsafe task.pointee.memory.window = ArgumentWindow(
      kernel.board.pointer(to: block.address(pageSize)), length: Int(all) &* 16)
    try convert(first, firstCount, at: 0)
    try convert(second, secondCount, at: Int(firstCount) &* 16)
    return try body(window(0), window(Int(firstCount) &* 16))
  }

  private func convert(_ vector: UInt64, _ count: UInt64, at offset: Int) throws(Errno) {
    for index in 0..<Int(count) {
      let place = vector &+ UInt64(index) &* 8
      try put(UInt64(try load(UInt32.self, place)), at: offset &+ index &* 16)
      // A length above INT_MAX is none, as a negative one is none to 64-bit calls.
      try put(try loadSigned(place, 4), at: offset &+ index &* 16 &+ 8)
    }
  }

  /// epoll_create, whose size means nothing.
  func makeEventPoll() throws(Errno) -> UInt64 {
    guard int(0) > 0 else { throw .EINVAL }
    return try call(20, 0)
  }

  /// getdents: getdents64 into a frame, and its entries converted.
  ///
  /// An entry of 32 bits is never longer than one of 64, so what was read finds room.
  func listFolder() throws(Errno) -> UInt64 {
    guard let frame = kernel.frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    let narrow = task.pointee.memory.window
    defer {
      task.pointee.memory.window = narrow
      kernel.frames.pointee.free(frame)
    }
    // SAFETY: the frame is ours until the window is put back.
    unsafe task.pointee.memory.window = ArgumentWindow(
      kernel.board.pointer(to: frame.address(kernel.board.pageSize)), length: 4096)
    let count = Int(try call(61, argument(0), window(0), min(argument(2), 4096)))
    var from = 0
    var to = argument(1)
    while from &+ 20 <= count {
      let length = Int(try get(UInt16.self, at: from &+ 16))
      guard length >= 20, from &+ length <= count else { break }
      var name = 0
      while name < length &- 19, try get(UInt8.self, at: from &+ 19 &+ name) != 0 { name &+= 1 }
      // Number, offset, length, name, zero, and the type in the last byte.
      let short = (10 &+ name &+ 2 &+ 3) & ~3
      try store(UInt32(truncatingIfNeeded: try get(UInt64.self, at: from)), to)
      try store(UInt32(truncatingIfNeeded: try get(UInt64.self, at: from &+ 8)), to, 4)
      try store(UInt16(short), to, 8)
      for index in 0...name {
        try store(try get(UInt8.self, at: from &+ 19 &+ index), to, UInt64(10 &+ index))
      }
      try store(try get(UInt8.self, at: from &+ 18), to, UInt64(short &- 1))
      to &+= UInt64(short)
      from &+= length
    }
    return to &- argument(1)
  }
}
