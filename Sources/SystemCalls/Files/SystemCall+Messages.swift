import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Messages through sockets, and the files that travel with them (net/socket.c, net/core/scm.c).
extension SystemCall {
  /// `struct msghdr` of 64-bit programs, 56 bytes.
  private struct MessageHeader: BitwiseCopyable {
    var name: UInt64
    var nameLength: Int32
    var padding: UInt32
    var vector: UInt64
    var count: UInt64
    var control: UInt64
    var controlLength: UInt64
    var flags: UInt32
    var padding2: UInt32
  }

  private static var dontWait: UInt32 { 0x40 }
  private static var noSignal: UInt32 { 0x4000 }

  /// sendto(fd, buffer, count, flags, address, length).
  func sendTo() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    try checkRange(address(1), argument(2))
    var target: SocketAddress?
    if argument(4) != 0 { target = try loadAddress(address(4), length: word(5)) }
    var files: (UInt, Int) = (0, 0)
    var place = address(1)
    return try send(file, target, min(argument(2), most), &files, word(3)) { room in
      load(room, &place)
    }
  }

  /// Sends, waiting for room; SIGPIPE where nobody receives any more, unless MSG_NOSIGNAL.
  private func send(
    _ file: KernelPointer<OpenFile>, _ target: SocketAddress?, _ count: UInt64,
    _ travelling: inout (UInt, Int), _ flags: UInt32, _ source: ByteSource
  ) throws(Errno) -> UInt64 {
    files.pointee.retain(file)
    defer {
      files.pointee.release(file)
      // What did not travel.
      files.pointee.freeFiles(travelling.0, travelling.1)
    }
    guard flags & 1 == 0 else { throw .EOPNOTSUPP }  // MSG_OOB
    let waits = flags & Self.dontWait == 0 && !file.pointee.flags.contains(.nonBlocking)
    var done: UInt64 = 0
    do throws(Errno) {
      while true {
        do throws(Errno) {
          done &+= UInt64(
            try files.pointee.send(
              file, to: target, count &- done, files: &travelling, by: ownCredentials, source))
          if done >= count { return done }
        } catch {
          guard error == .EAGAIN, waits else { throw error }
          guard try kernel.waitForAnything(until: nil) else { throw .EAGAIN }
        }
      }
    } catch {
      if error == .EPIPE, flags & Self.noSignal == 0, done == 0 {
        kernel.sendBrokenPipe()
      }
      if done > 0 { return done }
      throw error
    }
  }

  /// sendmsg(fd, message, flags).
  func sendMessage() throws(Errno) -> UInt64 {
    try sendMessage(readyFile(0), address(1), word(2))
  }

  /// sendmmsg(fd, messages, count, flags).
  func sendMessages() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    return try eachMessage { (place, _) throws(Errno) in
      try sendMessage(file, place, word(3))
    }
  }

  /// Serves up to 1,024 messages (`struct mmsghdr`), and notes what each took; a failure counts only
  /// if it is the first's.
  private func eachMessage(
    _ body: (_ place: VirtualAddress, _ isFirst: Bool) throws(Errno) -> UInt64
  ) throws(Errno) -> UInt64 {
    var done: UInt64 = 0
    while done < UInt64(min(word(2), 1024)) {
      let place = address(1) + ByteCount(done &* 64)
      do throws(Errno) {
        let bytes = try body(place, done == 0)
        try space.pointee.copyOut(UInt32(truncatingIfNeeded: bytes), to: place + ByteCount(56))
      } catch {
        if done > 0 { break }
        throw error
      }
      done &+= 1
    }
    return done
  }

  private func sendMessage(
    _ file: KernelPointer<OpenFile>, _ place: VirtualAddress, _ flags: UInt32
  ) throws(Errno) -> UInt64 {
    guard files.pointee.isSocket(file) else { throw .ENOTSOCK }
    let header = try space.pointee.copyIn(MessageHeader.self, from: place)
    guard header.count <= 1024 else { throw .EMSGSIZE }
    let total = try length(of: header)
    var target: SocketAddress?
    if header.name != 0, header.nameLength > 0 {
      target = try loadAddress(
        VirtualAddress(header.name), length: UInt32(header.nameLength))
    }
    var travelling = try loadFiles(header)
    var cursor = VectorCursor(VirtualAddress(header.vector), header.count)
    return try send(file, target, total, &travelling, flags) { (room) throws(Errno) in
      var taken = 0
      while taken < room.count {
        guard let (place, length) = try cursor.next(of: space) else { break }
        var start = place
        let part = unsafe ByteRoom(
          room.bytes.baseAddress.unsafelyUnwrapped + taken,
          count: min(room.count &- taken, Int(length)))
        let loaded = load(part, &start)
        cursor.advance(UInt64(loaded))
        taken &+= loaded
        if loaded < part.count { break }
      }
      return taken
    }
  }

  private func length(of header: MessageHeader) throws(Errno) -> UInt64 {
    var total: UInt64 = 0
    for index in 0..<header.count {
      let entry = VirtualAddress(header.vector) + ByteCount(index &* 16)
      let start = try space.pointee.copyIn(UInt64.self, from: entry)
      let length = try space.pointee.copyIn(UInt64.self, from: entry + ByteCount(8))
      try checkRange(VirtualAddress(start), length)
      total = min(total &+ length, most)
    }
    return total
  }

  /// The files of SCM_RIGHTS messages (scm_fp_copy()); SCM_CREDENTIALS may only say the truth.
  private func loadFiles(_ header: MessageHeader) throws(Errno) -> (UInt, Int) {
    guard header.control != 0, header.controlLength >= 16 else { return (0, 0) }
    guard header.controlLength <= 1 << 20 else { throw .ENOBUFS }
    var offset: UInt64 = 0
    var result: (UInt, Int) = (0, 0)
    do throws(Errno) {
      while offset &+ 16 <= header.controlLength {
        let place = VirtualAddress(header.control &+ offset)
        let length = try space.pointee.copyIn(UInt64.self, from: place)
        let level = try space.pointee.copyIn(Int32.self, from: place + ByteCount(8))
        let type = try space.pointee.copyIn(Int32.self, from: place + ByteCount(12))
        guard length >= 16, length <= header.controlLength &- offset else { throw Errno.EINVAL }
        if level == 1 {
          switch type {
          case 1:
            let count = Int((length &- 16) / 4)
            if count > 0 {
              guard result.1 == 0 else { throw Errno.EINVAL }
              result = (try files.pointee.makeFileArray(count), count)
              for index in 0..<count {
                let number = try space.pointee.copyIn(
                  UInt32.self, from: place + ByteCount(16 &+ UInt64(index) &* 4))
                let file = try files.pointee.file(UInt64(number), in: table)
                files.pointee.retain(file)
                _ = files.pointee.exchange(file, in: result.0, at: index)
              }
            }
          case 2:
            guard length >= 28 else { throw Errno.EINVAL }
            let claimed = try space.pointee.copyIn(
              PeerCredentials.self, from: place + ByteCount(16))
            let who = task.pointee.credentials
            guard isAdministrator || claimed.pid == task.pointee.threadGroup,
              isAdministrator || claimed.user == who.user || claimed.user == who.effectiveUser
            else { throw Errno.EPERM }
          default: throw Errno.EINVAL
          }
        }
        offset &+= (length &+ 7) & ~7
      }
    } catch {
      files.pointee.freeFiles(result.0, result.1)
      throw error
    }
    return result
  }

  /// recvfrom(fd, buffer, count, flags, address, length).
  func receiveFrom() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    try checkRange(address(1), argument(2))
    var received = Received()
    let buffer = address(1)
    let done = try receive(file, min(argument(2), most), word(3), &received) { (piece, at) in
      var place = buffer + ByteCount(at)
      return store(piece, &place)
    }
    files.pointee.freeFiles(received.files, received.fileCount)
    if argument(4) != 0, argument(5) != 0 {
      try storeAddress(received.address, to: address(4), length: address(5))
    }
    // MSG_TRUNC asks for the length that it had.
    return word(3) & 0x20 != 0 ? max(done, UInt64(received.wholeLength)) : done
  }

  /// Receives, waiting for the first byte, and with MSG_WAITALL for the last.
  private func receive(
    _ file: KernelPointer<OpenFile>, _ count: UInt64, _ flags: UInt32,
    _ received: inout Received, _ sink: (ByteString, UInt64) throws(Errno) -> Int
  ) throws(Errno) -> UInt64 {
    guard flags & 1 == 0 else { throw .EOPNOTSUPP }  // MSG_OOB
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    let isPeek = flags & 2 != 0
    let waits = flags & Self.dontWait == 0 && !file.pointee.flags.contains(.nonBlocking)
    var done: UInt64 = 0
    while true {
      do throws(Errno) {
        var part: UInt64 = 0
        let base = done
        _ = try files.pointee.receive(
          file, count &- done, isPeek: isPeek, &received
        ) { (piece) throws(Errno) in
          let taken = try sink(piece, base &+ part)
          part &+= UInt64(taken)
          return taken
        }
        done &+= part
        let isWhole = flags & 0x100 == 0 || isPeek || part == 0 || received.fileCount > 0
        if isWhole || done >= count { return done }
      } catch {
        if done > 0, error != .EAGAIN { return done }
        guard error == .EAGAIN, waits else {
          if done > 0 { return done }
          throw error
        }
        do throws(Errno) {
          _ = try kernel.wait(at: file.pointee.inode)
        } catch {
          if done > 0 { return done }
          throw error
        }
      }
    }
  }

  /// recvmsg(fd, message, flags).
  func receiveMessage() throws(Errno) -> UInt64 {
    try receiveMessage(readyFile(0), address(1), word(2))
  }

  /// recvmmsg(fd, messages, count, flags, timeout): waits for the first alone.
  func receiveMessages() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    return try eachMessage { (place, isFirst) throws(Errno) in
      // MSG_WAITFORONE.
      let waits = isFirst || word(3) & 0x10000 == 0
      return try receiveMessage(file, place, word(3) & ~0x10000 | (waits ? 0 : Self.dontWait))
    }
  }

  private func receiveMessage(
    _ file: KernelPointer<OpenFile>, _ place: VirtualAddress, _ flags: UInt32
  ) throws(Errno) -> UInt64 {
    guard files.pointee.isSocket(file) else { throw .ENOTSOCK }
    var header = try space.pointee.copyIn(MessageHeader.self, from: place)
    guard header.count <= 1024 else { throw .EMSGSIZE }
    let total = try length(of: header)
    var received = Received()
    var cursor = VectorCursor(VirtualAddress(header.vector), header.count)
    let done = try receive(file, total, flags, &received) { (piece, _) throws(Errno) in
      var taken = 0
      while taken < piece.count {
        guard let (place, length) = try cursor.next(of: space) else { break }
        var start = place
        let end = min(piece.count, taken &+ Int(length))
        let stored = store(piece[taken..<end], &start)
        cursor.advance(UInt64(stored))
        taken &+= stored
        if taken < end { break }
      }
      return taken
    }
    header.flags = done < UInt64(received.wholeLength) ? 0x20 : 0  // MSG_TRUNC
    let isCut = try storeControl(&header, &received, flags, file)
    if isCut { header.flags |= 8 }  // MSG_CTRUNC
    if flags & 0x4000_0000 != 0 { header.flags |= 0x4000_0000 }
    if header.name != 0 {
      header.nameLength = Int32(
        try storeAddress(
          received.address, to: VirtualAddress(header.name), room: Int(header.nameLength)))
      try space.pointee.copyOut(header.nameLength, to: place + ByteCount(8))
    }
    try space.pointee.copyOut(header.flags, to: place + ByteCount(48))
    try space.pointee.copyOut(header.controlLength, to: place + ByteCount(40))
    return flags & 0x20 != 0 ? max(done, UInt64(received.wholeLength)) : done
  }

  /// Stores what came besides bytes; whether something did not fit (scm_detach_fds()).
  private func storeControl(
    _ header: inout MessageHeader, _ received: inout Received, _ flags: UInt32,
    _ file: KernelPointer<OpenFile>
  ) throws(Errno) -> Bool {
    let room = header.control == 0 ? 0 : header.controlLength
    header.controlLength = 0
    var isCut = false
    if try files.pointee.figures(of: file).passesCredentials {
      if room >= 28 {
        let place = VirtualAddress(header.control)
        try storeControlHead(place, length: 28, type: 2)
        try space.pointee.copyOut(received.sender, to: place + ByteCount(16))
        header.controlLength = 32
      } else {
        isCut = true
      }
    }
    guard received.fileCount > 0 else { return isCut }
    let start = header.controlLength
    var count: UInt64 = 0
    let fits = room > start &+ 16 ? (room &- start &- 16) / 4 : 0
    while count < min(fits, UInt64(received.fileCount)) {
      guard let one = files.pointee.exchange(nil, in: received.files, at: Int(count)) else {
        break
      }
      do throws(Errno) {
        // MSG_CMSG_CLOEXEC.
        let number = try install(one, closeOnExec: flags & 0x4000_0000 != 0)
        try space.pointee.copyOut(
          UInt32(number),
          to: VirtualAddress(header.control &+ start &+ 16 &+ count &* 4))
      } catch { break }
      count &+= 1
    }
    if count > 0 {
      try storeControlHead(
        VirtualAddress(header.control &+ start), length: 16 &+ count &* 4, type: 1)
      header.controlLength = min(room, start &+ (16 &+ count &* 4 &+ 7) & ~7)
    }
    isCut = isCut || count < UInt64(received.fileCount)
    files.pointee.freeFiles(received.files, received.fileCount)
    return isCut
  }

  private func storeControlHead(
    _ place: VirtualAddress, length: UInt64, type: Int32
  ) throws(Errno) {
    try space.pointee.copyOut(length, to: place)
    try space.pointee.copyOut(Int32(1), to: place + ByteCount(8))
    try space.pointee.copyOut(type, to: place + ByteCount(12))
  }
}

/// A place in a vector of buffers.
struct VectorCursor {
  private var entry: VirtualAddress
  private var left: UInt64
  private var done: UInt64 = 0

  init(_ entries: VirtualAddress, _ count: UInt64) {
    entry = entries
    left = count
  }

  /// Where the next byte goes, and how many fit from there on; nil at the end.
  mutating func next<B: Processor>(
    of space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> (VirtualAddress, UInt64)? {
    while left > 0 {
      let start = try space.pointee.copyIn(UInt64.self, from: entry)
      let length = try space.pointee.copyIn(UInt64.self, from: entry + ByteCount(8))
      if done < length { return (VirtualAddress(start &+ done), length &- done) }
      entry += ByteCount(16)
      left &-= 1
      done = 0
    }
    return nil
  }

  mutating func advance(_ count: UInt64) { done &+= count }
}
