public import Files

/// What `/sys/module` and `/proc/kallsyms` show of modules and of the kernel's own symbols.
///
/// A module is named by a number from 1 to 255 that it keeps; entries of its folders are counted
/// from 0. The functions capture nothing; each hands on what there is and answers false where there
/// is nothing.
public struct ModuleView {
  /// The number of the module of a name, or 0.
  public var number: (_ name: ByteString) -> UInt8
  /// The number of a module counted from the newest, and its name.
  public var module: (_ index: Int, _ body: (UInt8, ByteString) -> Void) -> Bool
  /// The text of a file that says one thing, by ``ModuleFile``'s number.
  public var fact: (_ module: UInt8, _ fact: UInt8, _ body: (ByteString) -> Void) -> Bool
  /// A section's name and address.
  public var section: (_ module: UInt8, _ index: Int, _ body: (ByteString, UInt64) -> Void) -> Bool
  /// A parameter's name, permissions and value.
  public var parameter:
    (_ module: UInt8, _ index: Int, _ body: (ByteString, UInt32, ByteString) -> Void) -> Bool
  /// Sets a parameter; 0 or an error number, negative.
  public var setParameter: (_ module: UInt8, _ index: Int, _ value: ByteString) -> Int64
  /// A symbol at a position, which moves to the next: address, letter, name, module's name or
  /// nothing.
  public var symbol:
    (_ position: inout UInt64, _ body: (UInt64, UInt8, ByteString, ByteString) -> Void) -> Bool

  public init(
    number: @escaping (_ name: ByteString) -> UInt8,
    module: @escaping (_ index: Int, _ body: (UInt8, ByteString) -> Void) -> Bool,
    fact: @escaping (_ module: UInt8, _ fact: UInt8, _ body: (ByteString) -> Void) -> Bool,
    section:
      @escaping (_ module: UInt8, _ index: Int, _ body: (ByteString, UInt64) -> Void) -> Bool,
    parameter:
      @escaping (_ module: UInt8, _ index: Int, _ body: (ByteString, UInt32, ByteString) -> Void)
      -> Bool,
    setParameter: @escaping (_ module: UInt8, _ index: Int, _ value: ByteString) -> Int64,
    symbol:
      @escaping (
        _ position: inout UInt64, _ body: (UInt64, UInt8, ByteString, ByteString) -> Void
      ) -> Bool
  ) {
    self.number = number
    self.module = module
    self.fact = fact
    self.section = section
    self.parameter = parameter
    self.setParameter = setParameter
    self.symbol = symbol
  }
}
