/// The arguments of a variadic call, each as the 64 bits that C passes it in.
public protocol FormatArguments {
  mutating func next() -> UInt64
}

/// A `va_list` of the Procedure Call Standard for the Arm 64-bit Architecture, appendix B.
///
/// ```
/// 0   stack    the next argument that was passed in memory
/// 8   grTop    the end of the place where x0–x7 were saved
/// 24  grOffset the next of those, from their end, negative; 0 behind the last
/// ```
/// Taking an argument changes the list, as `va_arg()` does.
@safe public struct VariableArguments: FormatArguments {
  // SAFETY: the caller keeps its list while this is used.
  private let list: UnsafeMutableRawPointer

  /// Unsafe: the list must be a `va_list`, and as long as what reads it says.
  @unsafe public init(_ list: UnsafeMutableRawPointer) { unsafe self.list = list }

  public mutating func next() -> UInt64 {
    let offset = unsafe list.load(fromByteOffset: 24, as: Int32.self)
    if offset < 0 {
      unsafe list.storeBytes(of: offset &+ 8, toByteOffset: 24, as: Int32.self)
      let top = unsafe list.load(fromByteOffset: 8, as: UInt.self)
      return Self.load(top &+ UInt(bitPattern: Int(offset)))
    }
    let stack = unsafe list.load(as: UInt.self)
    unsafe list.storeBytes(of: stack &+ 8, as: UInt.self)
    return Self.load(stack)
  }

  private static func load(_ address: UInt) -> UInt64 {
    guard let place = unsafe UnsafePointer<UInt64>(bitPattern: address) else { return 0 }
    return unsafe place.pointee
  }
}
