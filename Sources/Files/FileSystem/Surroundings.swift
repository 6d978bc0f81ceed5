public import Arm64
public import BoardFormat
public import MemoryTypes

/// What rooms above supply to the file system: the contents of `/proc` and `/sys`, the console.
///
/// Files cannot import the rooms that know processes, so each is a function handed in at boot,
/// with the address of the state that it works on. The functions capture nothing (a capture would
/// need a heap).
public struct Surroundings<B: Board> {
  /// Passed to every function.
  public let context: SurroundingState

  /// The entry of a procedural folder with this name; ENOENT where there is none.
  public let entry: (SurroundingState, ProceduralNode, ByteString) throws(Errno) -> ProceduralEntry

  /// The first entry of a procedural folder at or after a position, nil after the last.
  ///
  /// `.` and `..` are not among them. Positions begin at 0 and are the folder's to choose.
  public let next: (SurroundingState, ProceduralNode, UInt64) -> ListedEntry?

  /// Where a procedural link leads.
  public let target: (SurroundingState, ProceduralNode) throws(Errno) -> LinkTarget

  /// What the files of `/proc` and `/sys` do.
  public let texts: ProceduralOperations<B>

  /// Takes a file's pages from an index on out of every address space: the file was cut off
  /// there (unmap_mapping_range()).
  public let unmapPages: (SurroundingState, KernelPointer<Inode>, UInt64) -> Void

  /// Who asks.
  public let caller: (SurroundingState) -> Caller

  /// Wakes whoever waits for something to happen to a file, or to any.
  public let wake: (SurroundingState, KernelPointer<Inode>) -> Void

  /// What files that rooms above supply do.
  public let supplied: SuppliedOperations

  /// Sends bytes to the console.
  public let consoleWrite: (SurroundingState, ConsoleFrame.Channel, ByteString) -> Void

  /// Whether something was typed that nobody has read.
  public let hasTyped: (SurroundingState) -> Bool

  /// Takes typed bytes, waiting until there are some; 0 at the end of the input.
  public let consoleRead: (SurroundingState, ByteRoom) throws(Errno) -> Int

  public init(
    context: SurroundingState,
    entry:
      @escaping (SurroundingState, ProceduralNode, ByteString) throws(Errno)
      -> ProceduralEntry,
    next: @escaping (SurroundingState, ProceduralNode, UInt64) -> ListedEntry?,
    target: @escaping (SurroundingState, ProceduralNode) throws(Errno) -> LinkTarget,
    texts: ProceduralOperations<B>,
    unmapPages: @escaping (SurroundingState, KernelPointer<Inode>, UInt64) -> Void,
    caller: @escaping (SurroundingState) -> Caller,
    wake: @escaping (SurroundingState, KernelPointer<Inode>) -> Void,
    supplied: SuppliedOperations,
    consoleWrite: @escaping (SurroundingState, ConsoleFrame.Channel, ByteString) -> Void,
    hasTyped: @escaping (SurroundingState) -> Bool,
    consoleRead: @escaping (SurroundingState, ByteRoom) throws(Errno) -> Int
  ) {
    self.context = context
    self.entry = entry
    self.next = next
    self.target = target
    self.texts = texts
    self.unmapPages = unmapPages
    self.caller = caller
    self.wake = wake
    self.supplied = supplied
    self.consoleWrite = consoleWrite
    self.hasTyped = hasTyped
    self.consoleRead = consoleRead
  }

  func unmap(_ inode: KernelPointer<Inode>, from first: UInt64) {
    unmapPages(context, inode, first)
  }

  func write(_ bytes: ByteString, on channel: ConsoleFrame.Channel) {
    consoleWrite(context, channel, bytes)
  }
}

/// The address of the state that the functions above work on, of a type that Files cannot know.
@safe public struct SurroundingState: BitwiseCopyable {
  let address: UnsafeMutableRawPointer

  public init<T: ~Copyable>(_ state: KernelPointer<T>) {
    unsafe address = state.raw
  }

  /// The state, for the functions that came with it.
  ///
  /// Unsafe: it must have been made from a pointer to this type.
  @unsafe public func pointer<T: ~Copyable>(to type: T.Type) -> KernelPointer<T> {
    unsafe KernelPointer(address.assumingMemoryBound(to: T.self))
  }
}

/// One entry of a procedural folder, as a listing meets it.
public struct ListedEntry: BitwiseCopyable {
  public var name: ShortName
  public var entry: ProceduralEntry
  /// Where the listing goes on.
  public var nextPosition: UInt64

  public init(name: ShortName, entry: ProceduralEntry, nextPosition: UInt64) {
    self.name = name
    self.entry = entry
    self.nextPosition = nextPosition
  }
}

/// A name of at most 255 bytes, by value (NAME_MAX).
public struct ShortName: BitwiseCopyable {
  public var count: UInt8 = 0
  public var bytes: InlineArray<255, UInt8> = .init(repeating: 0)

  /// A literal, cut at 255 bytes.
  public init(_ literal: StaticString) { self.init(ByteString(literal)) }

  /// Some bytes, cut at 255.
  public init(_ text: ByteString) {
    count = UInt8(min(text.count, 255))
    for index in 0..<Int(count) { bytes[index] = text[index] }
  }

  /// A number in decimal.
  public init(_ number: UInt32) {
    var digits: UInt8 = 1
    var rest = number / 10
    while rest > 0 {
      digits &+= 1
      rest /= 10
    }
    count = digits
    rest = number
    for index in stride(from: Int(digits) - 1, through: 0, by: -1) {
      bytes[index] = 0x30 &+ UInt8(rest % 10)
      rest /= 10
    }
  }
}

extension ShortName {
  /// Adds a name's bytes, as far as there is room.
  public mutating func append(_ other: ShortName) {
    for index in 0..<Int(other.count) where count < 255 {
      bytes[Int(count)] = other.bytes[index]
      count &+= 1
    }
  }

  public mutating func append(_ literal: StaticString) { append(ShortName(literal)) }

  /// Adds a small letter, by its place in the alphabet.
  public mutating func append(letter place: Int) {
    guard count < 255 else { return }
    bytes[Int(count)] = 0x61 &+ UInt8(truncatingIfNeeded: place % 26)
    count &+= 1
  }

  /// Whether it is these bytes.
  public static func == (name: ShortName, text: ByteString) -> Bool {
    guard Int(name.count) == text.count else { return false }
    for index in 0..<text.count where name.bytes[index] != text[index] { return false }
    return true
  }

  /// Lends the name's bytes.
  public func withName<T>(_ body: (ByteString) throws(Errno) -> T) throws(Errno) -> T {
    let span = bytes.span
    // SAFETY: the bytes are this value's, which outlives the call.
    return unsafe try span.withUnsafeBytes { (bytes) throws(Errno) in
      unsafe try body(ByteString(UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(count)))))
    }
  }
}

/// Where a procedural link leads.
public enum LinkTarget: BitwiseCopyable {
  /// To a name, whatever its path is now (`/proc/self/exe`). A reference comes with it.
  case place(KernelPointer<Dentry>)
  /// To a path.
  case path(ByteString)
  /// To the entry beside the link that has this number for a name (`/proc/self`).
  case sibling(UInt32)
  /// To the entry beside the link that has this name (`/sys/kernel/slab`).
  case name(ShortName)
  /// To the entry of a thread below that of its process (`/proc/thread-self`).
  case thread(UInt32, of: UInt32)
}
