/// What formats behind `%p` ask of the kernel.
public protocol FormatSymbols {
  /// Appends the name of what is at an address, or the address in hexadecimal with 0x.
  func append(symbol address: UInt64, _ style: SymbolStyle, to output: inout FormatOutput)

  /// What `%pK` shows.
  var restriction: PointerRestriction { get }
}

/// How a symbol is written.
public enum SymbolStyle: Sendable {
  /// `name [module]`: `%ps`.
  case name
  /// `name+0x12/0x34 [module]`: `%pS`.
  case offset
  /// The same for where a call returns to, which belongs to what is before it: `%pB`.
  case caller
}

/// What becomes of an address that only some may see (`kptr_restrict`, `restricted_pointer()`).
public enum PointerRestriction: Sendable {
  /// As any other: its hash.
  case hashed
  /// The address.
  case shown
  /// Zeros.
  case hidden
}
