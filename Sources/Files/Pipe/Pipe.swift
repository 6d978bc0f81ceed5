import MemoryTypes

/// A page of bytes in a pipe (`struct pipe_buffer`); holds one reference of its frame.
struct PipeBuffer: BitwiseCopyable {
  var frame = PageFrameNumber(0)
  var offset: UInt32 = 0
  var length: UInt32 = 0
  /// Whether a later write may add to it; not where the page is somebody else's too, nor where
  /// writes stay apart (O_DIRECT).
  var mayGrow = false
  var isPacket = false
}

/// What is between those who write to a pipe and those who read from it (`pipe_inode_info`).
///
/// A ring of slots, each with a page or nothing; the pipe is full when every slot has one. A write
/// begins a new page unless it fits whole behind the last bytes: so what is no longer than a page
/// is never torn apart.
///
///     readers, writers == open files of each end
///     tail <= head <= tail + slotCount; slot i holds a page, tail <= i < head
struct Pipe: ~Copyable {
  /// The slots that a pipe begins with (PIPE_DEF_BUFFERS).
  static var defaultSlots: UInt32 { 16 }
  /// The most bytes that anyone but user 0 may ask for (`pipe_max_size`).
  static var maximumSize: UInt64 { 1 << 20 }

  /// The address of the slots, a buffer of the heap, and how many: a power of two.
  var slots: UInt
  var slotCount: UInt32
  var head: UInt32 = 0
  var tail: UInt32 = 0
  /// A page that was emptied, for the next write (`tmp_page`); 0 for none.
  var spare: UInt64 = 0
  var readers: UInt32 = 0
  var writers: UInt32 = 0
  /// How often each end was opened, ever: who waits for the other side of a FIFO sees it come even
  /// if it has gone again.
  var readerOpenings: UInt64 = 0
  var writerOpenings: UInt64 = 0

  init(slots: UInt, slotCount: UInt32) {
    self.slots = slots
    self.slotCount = slotCount
  }

  var isEmpty: Bool { head == tail }
  var isFull: Bool { head &- tail >= slotCount }
}

extension KernelPointer<Pipe> {
  /// The slot with a number, which counts on for ever.
  @inline(__always)
  func slot(_ number: UInt32) -> UnsafeMutablePointer<PipeBuffer> {
    // SAFETY: the buffer holds `slotCount` slots, and the index is below that.
    unsafe UnsafeMutablePointer<PipeBuffer>(bitPattern: pointee.slots).unsafelyUnwrapped
      + Int(number & (pointee.slotCount &- 1))
  }
}
