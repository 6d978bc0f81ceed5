public import Arm64
public import BoardFormat
public import MemoryTypes
import PageFrames

/// Writes a text into frames: what every `/proc` file and every report is made with.
///
/// Bytes go straight into the page at the end; pages are allocated as the text grows. If there is
/// no memory the text stops there and ``hasFailed`` says so. Numbers are formatted as the kernel's
/// `seq_printf` formats used here: `%lu`, `%*lu`, `%-*lu`, `%lx`, `%0*lx`.
///
/// A writer for the console needs one page however long the text is: it sends the page when that is
/// full and begins it again.
@safe public struct TextWriter<B: Board>: ~Copyable {
  let resident = Resident()
  let files: KernelPointer<FileSystem<B>>
  var pages = PageTree()
  public private(set) var count: UInt64 = 0
  public private(set) var hasFailed = false
  /// The free part of the last page.
  private var cursor: UnsafeMutablePointer<UInt8>?
  private var room: Int = 0
  /// Where full pages go, instead of being kept.
  private let channel: ConsoleFrame.Channel?

  /// An empty text. Whoever made it ends it with ``discard()``, or hands its pages on.
  public init(_ files: KernelPointer<FileSystem<B>>) {
    self.files = files
    unsafe cursor = nil
    channel = nil
  }

  /// A text that goes to a channel of the console. Whoever made it ends it with ``finish()``.
  public init(_ files: KernelPointer<FileSystem<B>>, sendingTo channel: ConsoleFrame.Channel) {
    self.files = files
    unsafe cursor = nil
    self.channel = channel
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
    if let channel, let frame = files.pointee.find(0, in: pages) {
      send(frame, files.pointee.board.pageSize.bytes.rawValue, channel)
      start(frame)
      return
    }
    let frames = files.pointee.frames
    guard let frame = frames.pointee.allocate(.kernel) else {
      hasFailed = true
      return
    }
    let size = files.pointee.board.pageSize
    do throws(Errno) {
      let index = channel == nil ? count &>> size.shift : 0
      try files.pointee.insert(frame, at: index, in: &pages)
    } catch {
      frames.pointee.free(frame)
      hasFailed = true
      return
    }
    start(frame)
  }

  /// Goes on at the start of a frame.
  private mutating func start(_ frame: PageFrameNumber) {
    let size = files.pointee.board.pageSize
    // SAFETY: a frame of this writer's own, a page long.
    unsafe cursor = files.pointee.board.pointer(to: frame.address(size))
      .assumingMemoryBound(to: UInt8.self)
    room = Int(size.bytes.rawValue)
  }

  private func send(_ frame: PageFrameNumber, _ length: UInt64, _ channel: ConsoleFrame.Channel) {
    // SAFETY: the writer's own frame, and no more of it than was written.
    let bytes = unsafe ByteString(
      UnsafeRawBufferPointer(
        start: files.pointee.board.pointer(to: frame.address(files.pointee.board.pageSize)),
        count: Int(length)))
    files.pointee.surroundings?.write(bytes, on: channel)
  }

  /// Sends what is left of a text for the console, and gives its page back.
  public mutating func finish() {
    if let channel, let frame = files.pointee.find(0, in: pages) {
      send(frame, files.pointee.board.pageSize.bytes.rawValue &- UInt64(room), channel)
    }
    discard()
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
