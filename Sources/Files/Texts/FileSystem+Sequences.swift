import Arm64
import KernelHeap
import MemoryTypes
import PageFrames

/// Texts of records, read as Linux reads them (fs/seq_file.c): whole records are made into a buffer
/// of a page, which grows where one does not fit, so a read ends at the end of a record, and what
/// is read long after the beginning is as new as that.
extension FileSystem {
  /// Reads at a position (seq_read_iter()).
  func readRecords(
    _ file: KernelPointer<OpenFile>, _ node: ProceduralNode, at position: UInt64,
    _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard count > 0 else { return 0 }
    let text = try sequence(of: file)
    if position == 0 {
      text.pointee.index = 0
      text.pointee.count = 0
      text.pointee.readPosition = 0
    } else if position != text.pointee.readPosition {
      try traverse(text, node, to: position)
    }
    if text.pointee.buffer == 0 { try makeBuffer(of: text, pageSize.bytes.rawValue) }
    var copied: UInt64 = 0
    if text.pointee.count > 0 {
      copied = try handOut(text, count, sink)
      // The rest did not fit, or could not be stored.
      if text.pointee.count > 0 { return try finish(text, copied) }
    }
    text.pointee.from = 0
    do throws(Errno) {
      guard try firstRecord(of: text, node) else { return try finish(text, copied) }
      try moreRecords(of: text, node, count &- copied)
    } catch {
      text.pointee.count = 0
      if copied > 0 { return try finish(text, copied) }
      throw error
    }
    copied &+= try handOut(text, count &- copied, sink)
    return try finish(text, copied)
  }

  private func finish(
    _ text: KernelPointer<SequenceFile>, _ copied: UInt64
  ) throws(Errno) -> Int {
    if copied == 0, text.pointee.count > 0 { throw .EFAULT }
    text.pointee.readPosition &+= copied
    return Int(copied)
  }

  /// Gives out of the buffer what fits.
  private func handOut(
    _ text: KernelPointer<SequenceFile>, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> UInt64 {
    let length = min(text.pointee.count, count)
    guard length > 0 else { return 0 }
    let taken: Int
    do throws(Errno) {
      // SAFETY: the buffer is the text's, and `from + count` lies within it.
      taken = try sink(
        unsafe ByteString(
          UnsafeRawBufferPointer(
            start: text.pointee.bytes + Int(text.pointee.from), count: Int(length))))
    } catch { return 0 }
    text.pointee.from &+= UInt64(taken)
    text.pointee.count &-= UInt64(taken)
    return UInt64(taken)
  }

  /// Makes one record that is not empty, growing the buffer until it fits; false at the end.
  private func firstRecord(
    of text: KernelPointer<SequenceFile>, _ node: ProceduralNode
  ) throws(Errno) -> Bool {
    while true {
      var next = text.pointee.index
      guard let length = try makeRecord(of: text, node, &next, at: 0) else {
        text.pointee.count = 0
        try grow(text)
        continue
      }
      guard next != text.pointee.index || length > 0 else { return false }
      text.pointee.index = next
      text.pointee.count = length
      if length > 0 { return true }
    }
  }

  /// Adds whole records as long as they fit and somebody wants them.
  private func moreRecords(
    of text: KernelPointer<SequenceFile>, _ node: ProceduralNode, _ wanted: UInt64
  ) throws(Errno) {
    while text.pointee.count < wanted {
      var next = text.pointee.index
      guard let length = try makeRecord(of: text, node, &next, at: text.pointee.count),
        next != text.pointee.index
      else { return }
      text.pointee.index = next
      text.pointee.count &+= length
    }
  }

  /// Makes the record at a position behind what is in the buffer already.
  ///
  /// Answers its length; nil if it does not fit. The position stays where it was behind the last.
  private func makeRecord(
    of text: KernelPointer<SequenceFile>, _ node: ProceduralNode, _ position: inout UInt64,
    at start: UInt64
  ) throws(Errno) -> UInt64? {
    guard let surroundings else { return 0 }
    // SAFETY: the part of the text's buffer behind what is in it.
    var writer = unsafe TextWriter<B>(
      selfPointer,
      UnsafeMutableRawBufferPointer(
        start: text.pointee.bytes + Int(start), count: Int(text.pointee.size &- start)))
    let before = position
    guard
      try surroundings.pointee.texts.record(surroundings.pointee.context, node, &position, &writer)
    else {
      position = before
      return 0
    }
    // As seq_has_overflowed(): a full buffer may have been too small.
    if writer.hasFailed || writer.count == text.pointee.size &- start { return nil }
    return writer.count
  }

  /// Goes to a byte of the text by making all records before it (traverse()).
  private func traverse(
    _ text: KernelPointer<SequenceFile>, _ node: ProceduralNode, to offset: UInt64
  ) throws(Errno) {
    if text.pointee.buffer == 0 { try makeBuffer(of: text, pageSize.bytes.rawValue) }
    text.pointee.count = 0
    text.pointee.from = 0
    text.pointee.index = 0
    text.pointee.readPosition = 0
    var position: UInt64 = 0
    while position < offset {
      var next = text.pointee.index
      guard let length = try makeRecord(of: text, node, &next, at: 0) else {
        try grow(text)
        continue
      }
      guard next != text.pointee.index else { break }
      text.pointee.index = next
      if position &+ length > offset {
        text.pointee.from = offset &- position
        text.pointee.count = length &- text.pointee.from
        break
      }
      position &+= length
    }
    text.pointee.readPosition = offset
  }

  /// Moves where a text is read (seq_lseek()).
  func seekRecords(
    _ file: KernelPointer<OpenFile>, _ node: ProceduralNode, to offset: Int64, whence: UInt32
  ) throws(Errno) -> UInt64 {
    let base: Int64
    switch whence {
    case 0: base = 0
    case 1: base = Int64(bitPattern: file.pointee.position)
    default: throw .EINVAL
    }
    let (target, overflow) = base.addingReportingOverflow(offset)
    guard !overflow, target >= 0 else { throw .EINVAL }
    let text = try sequence(of: file)
    if UInt64(target) != text.pointee.readPosition {
      do throws(Errno) {
        try traverse(text, node, to: UInt64(target))
      } catch {
        text.pointee.readPosition = 0
        file.pointee.position = 0
        throw error
      }
    }
    file.pointee.position = UInt64(target)
    return UInt64(target)
  }

  /// The state of a file's text, made when it is first asked for.
  private func sequence(
    of file: KernelPointer<OpenFile>
  ) throws(Errno) -> KernelPointer<SequenceFile> {
    if let text = file.pointee.text { return text }
    guard let text = caches.sequences.allocate(SequenceFile()) else { throw .ENOMEM }
    file.pointee.text = text
    return text
  }

  private func makeBuffer(
    of text: KernelPointer<SequenceFile>, _ size: UInt64
  ) throws(Errno) {
    guard
      let buffer = unsafe slab.pointee.allocateBytes(
        ByteCount(size), [.kernel, .account])
    else { throw .ENOMEM }
    text.pointee.buffer = UInt(bitPattern: buffer)
    text.pointee.size = size
  }

  /// Doubles an empty buffer.
  private func grow(_ text: KernelPointer<SequenceFile>) throws(Errno) {
    let size = text.pointee.size &* 2
    freeBuffer(of: text)
    // The largest block of frames there is.
    guard size <= 4 &<< 20 else { throw .ENOMEM }
    try makeBuffer(of: text, size)
  }

  private func freeBuffer(of text: KernelPointer<SequenceFile>) {
    guard let buffer = unsafe UnsafeMutableRawPointer(bitPattern: text.pointee.buffer) else {
      return
    }
    text.pointee.buffer = 0
    text.pointee.count = 0
    unsafe slab.pointee.freeBytes(buffer, ByteCount(text.pointee.size))
  }

  /// Gives back what a file's text holds (seq_release()).
  func dropText(of file: KernelPointer<OpenFile>) {
    guard let text = file.pointee.text else { return }
    file.pointee.text = nil
    freeBuffer(of: text)
    caches.sequences.free(text)
  }
}

extension SequenceFile {
  /// The buffer, once there is one.
  fileprivate var bytes: UnsafeMutableRawPointer {
    // SAFETY: asked for only after the buffer was made.
    unsafe UnsafeMutableRawPointer(bitPattern: buffer).unsafelyUnwrapped
  }
}
