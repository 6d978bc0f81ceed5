public import Arm64
public import BoardFormat
public import MemoryTypes
import KernelHeap
import PageFrames

/// Writes a text: what every `/proc` file and every report is made with.
///
/// Bytes go into a buffer that was handed in, or into frames, straight into the page at the end;
/// pages are allocated as the text grows. If there is no room or memory the text stops there and
/// ``hasFailed`` says so. Numbers are formatted as the kernel's
/// `seq_printf` formats used here: `%lu`, `%*lu`, `%-*lu`, `%lx`, `%0*lx`.
///
/// A writer for the console needs one page however long the text is: it sends the page when that is
/// full and begins it again.
@safe public struct TextWriter<B: Board>: ~Copyable {
  let files: KernelPointer<FileSystem<B>>
  var pages = PageTree()
  public private(set) var hasFailed = false
  /// The free part of the last page.
  private var cursor: UnsafeMutablePointer<UInt8>
  private var room = 0
  /// The bytes that all pages so far can hold.
  private var capacity: UInt64 = 0
  /// Where full pages go, instead of being kept.
  private let channel: ConsoleFrame.Channel?
  /// Whether it writes into a buffer that cannot grow.
  private let isFixed: Bool

  /// A text in a buffer, which stays its owner's.
  ///
  /// Unsafe: the buffer must stay the writer's as long as that lives.
  @unsafe public init(
    _ files: KernelPointer<FileSystem<B>>, _ buffer: UnsafeMutableRawBufferPointer
  ) {
    self.files = files
    channel = nil
    isFixed = true
    let start =
      unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      ?? files.raw.assumingMemoryBound(to: UInt8.self)
    unsafe cursor = start
    room = buffer.count
    capacity = UInt64(buffer.count)
  }

  /// An empty text.
  ///
  /// Whoever made it ends it with ``discard()``, or hands its pages on.
  public init(_ files: KernelPointer<FileSystem<B>>) {
    self.init(files, nil)
  }

  /// A text that goes to a channel of the console.
  ///
  /// Whoever made it ends it with ``finish()``.
  public init(_ files: KernelPointer<FileSystem<B>>, sendingTo channel: ConsoleFrame.Channel) {
    self.init(files, channel)
  }

  private init(_ files: KernelPointer<FileSystem<B>>, _ channel: ConsoleFrame.Channel?) {
    self.files = files
    self.channel = channel
    isFixed = false
    // SAFETY: a place that nothing is written to: there is no room yet.
    unsafe cursor = files.raw.assumingMemoryBound(to: UInt8.self)
  }

  /// The bytes written so far.
  public var count: UInt64 { capacity &- UInt64(room) }

  /// Adds one byte.
  @inline(__always)
  public mutating func byte(_ value: UInt8) {
    if room == 0 {
      addPage()
      guard room > 0 else { return }
    }
    // SAFETY: `room` bytes are left in the page.
    unsafe cursor.pointee = value
    unsafe cursor += 1
    room &-= 1
  }

  /// Adds a literal.
  public mutating func text(_ literal: StaticString) { bytes(ByteString(literal)) }

  /// Adds bytes.
  public mutating func bytes(_ string: ByteString) {
    guard string.count <= room else {
      if isFixed {
        hasFailed = true
      } else {
        for index in 0..<string.count { byte(string[index]) }
      }
      return
    }
    // SAFETY: `room` bytes are left in the page.
    unsafe UnsafeMutableRawPointer(cursor).copyMemory(
      from: string.base, byteCount: string.count)
    unsafe cursor += string.count
    room &-= string.count
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

  @inline(never)
  private mutating func addPage() {
    guard !isFixed else {
      hasFailed = true
      return
    }
    guard !hasFailed else { return }
    let size = files.pointee.board.pageSize
    if let channel, let frame = files.pointee.trees.find(0, in: pages) {
      send(frame, size.bytes.rawValue, channel)
      start(frame)
      return
    }
    let frames = files.pointee.frames
    guard let frame = frames.pointee.allocate(.kernel) else {
      hasFailed = true
      return
    }
    do throws(Errno) {
      try files.pointee.trees.insert(frame, at: capacity &>> size.shift, in: &pages)
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
    capacity &+= size.bytes.rawValue
  }

  private func send(_ frame: PageFrameNumber, _ length: UInt64, _ channel: ConsoleFrame.Channel) {
    files.pointee.surroundings?.pointee.write(piece(frame, length), on: channel)
  }

  /// The first bytes of a frame.
  private func piece(_ frame: PageFrameNumber, _ length: UInt64) -> ByteString {
    let board = files.pointee.board
    // SAFETY: the writer's own frame, and no more of it than was written.
    return unsafe ByteString(
      UnsafeRawBufferPointer(
        start: board.pointer(to: frame.address(board.pageSize)), count: Int(length)))
  }

  /// Sends what is left of a text for the console, and gives its page back.
  public mutating func finish() {
    if let channel, let frame = files.pointee.trees.find(0, in: pages) {
      send(frame, files.pointee.board.pageSize.bytes.rawValue &- UInt64(room), channel)
    }
    discard()
  }

  /// Hands the text on, piece by piece.
  public func forEachPiece(_ body: (ByteString) -> Void) {
    let size = files.pointee.board.pageSize
    files.pointee.trees.forEachFrame(in: 0..<capacity &>> size.shift, of: pages) { index, frame in
      body(piece(frame, min(size.bytes.rawValue, count &- index &<< size.shift)))
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
    capacity = 0
    room = 0
    return taken
  }
}

extension FileSystem {
  /// Gives the frames of a text back.
  func freeText(_ text: inout PageTree) {
    trees.removeEntries(from: 0, in: &text) { _, entry in
      if let frame = entry.frame { frames.pointee.free(frame) }
    }
  }
}
