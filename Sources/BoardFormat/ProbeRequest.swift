/// A place in a file of the guest at which the kernel is to listen: what Linux calls a uprobe.
///
/// The tool writes a row of them into the board file; the kernel sends ``TraceKind/probeEntered``
/// when a program comes by, and ``TraceKind/probeLeft`` when the function that begins there has
/// returned.
public struct ProbeRequest: BitwiseCopyable, Sendable {
  /// The instruction's offset in the file.
  public var offset: UInt64
  /// The instruction there: where the file has another one, it is not the file that was meant.
  public var word: UInt32
  /// What the records carry as their `detail`.
  public var tag: UInt16
  public var options: Options
  /// The file's absolute path in the guest.
  public private(set) var pathLength: UInt16
  var path: InlineArray<238, UInt8> = .init(repeating: 0)

  /// A request; nil where the path is empty or has more than 238 bytes.
  public init?(
    offset: UInt64, word: UInt32, tag: UInt16, options: Options, path: some Sequence<UInt8>
  ) {
    self.offset = offset
    self.word = word
    self.tag = tag
    self.options = options
    pathLength = 0
    for byte in path {
      guard pathLength < 238 else { return nil }
      self.path[Int(pathLength)] = byte
      pathLength += 1
    }
    guard pathLength > 0 else { return nil }
  }

  /// Lends the path's bytes.
  public func withPath<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let count = Int(min(pathLength, 238))
    let bytes = path
    let span = bytes.span
    // SAFETY: the bytes are a local's, which outlives the call.
    return try unsafe span.withUnsafeBytes { (bytes) throws(E) in
      try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
  }

  /// How a place is listened to.
  public struct Options: OptionSet, BitwiseCopyable, Sendable {
    public var rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The return is told too, with the result.
    @inlinable public static var answers: Self { Self(rawValue: 1 << 0) }
    /// What it returns is the word that its first argument points to, if x0 is 0.
    @inlinable public static var answersThroughPointer: Self { Self(rawValue: 1 << 1) }

    /// The machine stops there, at the so-many-th time that ``BoardHeader/stopCount`` says.
    @inlinable public static var stops: Self { Self(rawValue: 1 << 2) }
  }

  /// The most places there can be.
  @inlinable public static var maximum: Int { 32 }
}
