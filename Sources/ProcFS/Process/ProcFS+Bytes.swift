import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes
import PageFrames
import Tasks

/// The files that are no texts: memory as it is, and words for each page.
extension ProcFS {
  /// Reads at a position.
  func read(
    _ node: ProceduralNode, at position: UInt64, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard let file = ProcNode(node) else { throw .ENOENT }
    switch file.kind {
    case .kpagecount, .kpageflags, .kpagecgroup:
      return try readFrameWords(file.kind, at: position, count, sink)
    case .kernelMessages: return try kernel.takeLog(count, sink)
    default: break
    }
    // Of a process that has gone since it was opened there is nothing left to read.
    guard let space = task(file)?.pointee.memory.space else { return 0 }
    switch file.kind {
    case .mem: return try readMemory(of: space, VirtualAddress(position), count, sink)
    case .pagemap: return try readPagemap(of: space, at: position, count, sink)
    case .environ:
      let start = space.pointee.environmentStart
      return try readPart(
        of: space, start, space.pointee.environmentEnd, at: position, count, sink)
    case .auxv:
      let start = space.pointee.auxiliaryVector
      return try readPart(
        of: space, start, start + space.pointee.auxiliaryLength, at: position, count, sink)
    case .processCmdline: return try readCommandLine(of: space, at: position, count, sink)
    default: throw .EINVAL
    }
  }

  /// Hands a program's memory to a sink, frame by frame; ends where there is none
  /// (fs/proc/base.c: mem_rw()).
  func readMemory(
    of space: KernelPointer<AddressSpace<B>>, _ start: VirtualAddress, _ count: UInt64,
    _ sink: ByteSink
  ) throws(Errno) -> Int {
    var done: UInt64 = 0
    while done < count {
      let (address, overflow) = start.rawValue.addingReportingOverflow(done)
      guard !overflow,
        let frame = space.pointee.forcedFrame(at: VirtualAddress(address), write: false)
      else { break }
      let taken = try hand(frame, VirtualAddress(address), count &- done, sink)
      done &+= UInt64(taken.done)
      guard taken.isAll else {
        if done == 0 { throw .EFAULT }
        return Int(done)
      }
    }
    if done == 0, count > 0 { throw .EIO }
    return Int(done)
  }

  /// Hands the part of a frame that begins at an address to a sink.
  private func hand(
    _ frame: PageFrameNumber, _ address: VirtualAddress, _ most: UInt64, _ sink: ByteSink
  ) throws(Errno) -> (done: Int, isAll: Bool) {
    let size = kernel.board.pageSize
    let offset = address.offset(in: size).rawValue
    let length = Int(min(most, size.bytes.rawValue &- offset))
    // Held while the sink may fault and so allocate.
    let frames = kernel.frames
    frames.pointee.frame(frame).pointee.referenceCount &+= 1
    defer { frames.pointee.release(frame) }
    // SAFETY: the piece lies within the frame, which is held.
    let taken = try sink(
      unsafe ByteString(
        UnsafeRawBufferPointer(
          start: kernel.board.pointer(to: frame.address(size)) + Int(offset), count: length)))
    return (taken, taken == length)
  }

  /// Writes a program's memory, through a buffer of its own so that both may be the same program's.
  func writeMemory(
    of space: KernelPointer<AddressSpace<B>>, _ start: VirtualAddress, _ count: UInt64,
    _ source: ByteSource
  ) throws(Errno) -> Int {
    let size = kernel.board.pageSize
    var done: UInt64 = 0
    var buffer = InlineArray<64, UInt64>(repeating: 0)
    var span = buffer.mutableSpan
    // SAFETY: the buffer is a local's, which outlives the call.
    unsafe try span.withUnsafeMutableBytes { (bytes) throws(Errno) in
      while done < count {
        let (raw, overflow) = start.rawValue.addingReportingOverflow(done)
        guard !overflow else { break }
        let address = VirtualAddress(raw)
        let offset = address.offset(in: size).rawValue
        let length = Int(min(count &- done, size.bytes.rawValue &- offset, 512))
        let room = unsafe ByteRoom(bytes.baseAddress.unsafelyUnwrapped, count: length)
        guard try source(room) == length else {
          if done == 0 { throw Errno.EFAULT }
          break
        }
        guard let frame = space.pointee.forcedFrame(at: address, write: true) else { break }
        // SAFETY: the bytes lie within a frame that the space holds and that nothing takes from
        // it meanwhile.
        unsafe (kernel.board.pointer(to: frame.address(size)) + Int(offset)).copyMemory(
          from: bytes.baseAddress.unsafelyUnwrapped, byteCount: length)
        done &+= UInt64(length)
      }
    }
    if done == 0, count > 0 { throw .EIO }
    return Int(done)
  }

  /// Reads a part of a program's memory that has an end (environ_read(), auxv_read()).
  private func readPart(
    of space: KernelPointer<AddressSpace<B>>, _ start: VirtualAddress, _ end: VirtualAddress,
    at position: UInt64, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard start < end, position < (end - start).rawValue else { return 0 }
    let wanted = min(count, (end - start).rawValue &- position)
    do throws(Errno) {
      return try readMemory(of: space, start + ByteCount(position), wanted, sink)
    } catch .EIO { return 0 }
  }

  /// Reads the arguments (fs/proc/base.c: get_mm_cmdline()).
  ///
  /// Of a program that wrote over the zero at their end (setproctitle) it is one string, which may
  /// go on behind it.
  private func readCommandLine(
    of space: KernelPointer<AddressSpace<B>>, at position: UInt64, _ count: UInt64,
    _ sink: ByteSink
  ) throws(Errno) -> Int {
    let start = space.pointee.argumentsStart
    let end = space.pointee.argumentsEnd
    guard start < end else { return 0 }
    guard let last = byte(of: space, at: VirtualAddress(end.rawValue &- 1)), last != 0 else {
      return try readPart(of: space, start, end, at: position, count, sink)
    }
    var title = start
    let limit = start + kernel.board.pageSize.bytes
    while title < limit, let byte = byte(of: space, at: title) {
      title += ByteCount(1)
      if byte == 0 { break }
    }
    return try readPart(of: space, start, title, at: position, count, sink)
  }

  private func byte(
    of space: KernelPointer<AddressSpace<B>>, at address: VirtualAddress
  ) -> UInt8? {
    guard let frame = space.pointee.forcedFrame(at: address, write: false) else { return nil }
    let size = kernel.board.pageSize
    return kernel.board.load(
      UInt8.self, at: frame.address(size) + address.offset(in: size))
  }

  /// `/proc/PID/pagemap`: a word for each page of the address space (pagemap_read()).
  private func readPagemap(
    of space: KernelPointer<AddressSpace<B>>, at position: UInt64, _ count: UInt64,
    _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard position & 7 == 0, count & 7 == 0 else { throw .EINVAL }
    let shift = kernel.board.pageSize.shift
    let pages = kernel.layout.taskSize.rawValue &>> shift
    let showsFrames = kernel.current.pointee.credentials.effectiveUser == 0
    return try readWords(at: position, count, until: pages, sink) { page in
      space.pointee.pagemap(
        from: VirtualAddress(page &<< shift), showsFrames: showsFrames)
    }
  }

  /// `/proc/kpagecount` and its sisters: a word for each frame number (fs/proc/page.c).
  private func readFrameWords(
    _ kind: NodeKind, at position: UInt64, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard position & 7 == 0, count & 7 == 0 else { throw .EINVAL }
    let memory = kernel.memory
    return try readWords(at: position, count, until: endOfFrames, sink) { first in
      var words = InlineArray<64, UInt64>(repeating: 0)
      for index in 0..<64 {
        let frame = PageFrameNumber(first &+ UInt64(index))
        switch kind {
        case .kpagecount: words[index] = memory.pointee.kernelPageCount(of: frame)
        case .kpageflags: words[index] = memory.pointee.kernelPageFlags(of: frame)
        // Nothing is charged to a group: the number of the root's inode would be here.
        default: words[index] = 0
        }
      }
      return words
    }
  }

  /// One more than the last frame number there may be (get_max_dump_pfn()): a section's end.
  private var endOfFrames: UInt64 {
    var end: UInt64 = 0
    let shift = kernel.board.pageSize.shift
    kernel.frames.pointee.forEachBank { end = max(end, $0.end.rawValue &>> shift) }
    return end
  }

  private func readWords(
    at position: UInt64, _ count: UInt64, until end: UInt64, _ sink: ByteSink,
    _ words: (UInt64) -> InlineArray<64, UInt64>
  ) throws(Errno) -> Int {
    var done: UInt64 = 0
    while done < count {
      let first = (position &+ done) / 8
      guard first < end else { break }
      let wanted = Int(min((count &- done) / 8, 64, end &- first) &* 8)
      let piece = words(first)
      let span = piece.span
      // SAFETY: the words are a local's, which outlives the call.
      let taken = try unsafe span.withUnsafeBytes { (bytes) throws(Errno) in
        try unsafe sink(ByteString(UnsafeRawBufferPointer(rebasing: bytes[..<wanted])))
      }
      done &+= UInt64(taken)
      guard taken == wanted else {
        if done == 0 { throw .EFAULT }
        break
      }
    }
    return Int(done)
  }
}
