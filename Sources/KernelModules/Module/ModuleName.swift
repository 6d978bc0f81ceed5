public import Files

/// A module's name: up to 55 bytes (MODULE_NAME_LEN, with its zero).
public struct ModuleName: BitwiseCopyable {
  private var bytes = InlineArray<56, UInt8>(repeating: 0)
  public private(set) var count = 0

  public static var capacity: Int { 56 }

  /// As much of a text as fits.
  public init(_ text: ByteString) {
    while count < min(text.count, Self.capacity - 1) {
      bytes[count] = text[count]
      count &+= 1
    }
  }

  /// Lets somebody read it.
  public func withText<R>(_ body: (ByteString) -> R) -> R {
    let span = bytes.span
    return unsafe span.withUnsafeBytes { unsafe body(ByteString($0)[0..<count]) }
  }

  public func equals(_ text: ByteString) -> Bool {
    guard text.count == count else { return false }
    for index in 0..<count {
      guard bytes[index] == text[index] else { return false }
    }
    return true
  }
}
