public import Arm64
public import MemoryTypes
import PageFrames

/// Writes a text into frames: what every `/proc` file and every report is made with.
///
/// Bytes go straight into the page at the end; pages are allocated as the text grows. If there is
/// no memory the text stops there and ``hasFailed`` says so. Numbers are formatted as the kernel's
/// `seq_printf` formats used here: `%lu`, `%*lu`, `%-*lu`, `%lx`, `%0*lx`.
@safe public struct TextWriter<B: Board>: ~Copyable {
  let files: KernelPointer<FileSystem<B>>
  var pages = PageTree()
  public private(set) var count: UInt64 = 0
  public private(set) var hasFailed = false
  /// The free part of the last page.
  private var cursor: UnsafeMutablePointer<UInt8>?
  private var room: Int = 0

  /// An empty text. Whoever made it ends it with ``discard()``, or hands its pages on.
  public init(_ files: KernelPointer<FileSystem<B>>) {
    self.files = files
    unsafe cursor = nil
  }

  /// Adds one byte.
  @inline(__always)
  public mutating func byte(_ value: UInt8) {
    if room == 0 { addPage() }
    guard room > 0, let place = unsafe cursor else { return }
    // SAFETY: `room` bytes are left in the page.
    unsafe place.pointee = value
    unsafe cursor = place + 1
    room &-= 1
    count &+= 1
  }

  /// Adds a literal.
  public mutating func text(_ literal: StaticString) { bytes(ByteString(literal)) }

  /// Adds bytes.
  public mutating func bytes(_ string: ByteString) {
    for index in 0..<string.count { byte(string[index]) }
  }

  /// Adds a byte several times.
  public mutating func pad(_ count: Int, _ value: UInt8 = 0x20) {
    var left = count
    while left > 0 {
      byte(value)
      left &-= 1
    }
  }

  public mutating func newline() { byte(0x0A) }

  /// Fills the line up to a column, counted from a mark taken with ``count`` (seq_pad()).
  public mutating func pad(to column: Int, since mark: UInt64) {
    pad(column &- Int(count &- mark))
  }

  private mutating func addPage() {
    guard !hasFailed else { return }
    let frames = files.pointee.frames
    guard let frame = frames.pointee.allocate(.kernel) else {
      hasFailed = true
      return
    }
    let size = files.pointee.board.pageSize
    do throws(Errno) {
      try files.pointee.insert(frame, at: count &>> size.shift, in: &pages)
    } catch {
      frames.pointee.free(frame)
      hasFailed = true
      return
    }
    // SAFETY: a frame of this writer's own, a page long.
    unsafe cursor = files.pointee.board.pointer(to: frame.address(size))
      .assumingMemoryBound(to: UInt8.self)
    room = Int(size.bytes.rawValue)
  }

  /// Hands the text on, piece by piece.
  public func forEachPiece(_ body: (ByteString) -> Void) {
    let size = files.pointee.board.pageSize
    let pageBytes = size.bytes.rawValue
    let pages = (count &+ pageBytes &- 1) &>> size.shift
    files.pointee.forEachFrame(in: 0..<pages, of: self.pages) { index, frame in
      let length = min(pageBytes, count &- (index &<< size.shift))
      // SAFETY: the writer's own frame, and no more of it than was written.
      body(
        unsafe ByteString(
          UnsafeRawBufferPointer(
            start: files.pointee.board.pointer(to: frame.address(size)), count: Int(length))))
    }
  }

  /// Gives the pages back.
  public mutating func discard() {
    var text = take()
    files.pointee.freeText(&text)
  }

  /// Gives the pages to another owner; the writer is empty then.
  mutating func take() -> PageTree {
    let taken = pages
    pages = PageTree()
    count = 0
    room = 0
    unsafe cursor = nil
    return taken
  }
}

extension FileSystem {
  /// Gives the frames of a text back.
  func freeText(_ text: inout PageTree) {
    removeFrames(from: 0, in: &text) { _, frame in frames.pointee.free(frame) }
  }
}
