public import Files

/// What loads kernel modules, as system calls and `/proc` reach it: it stands on the board, these
/// rooms below it.
///
/// The functions capture nothing.
@safe public struct ModuleDoor {
  /// Loads a module from a copy of its file, which it may write to; 0, an error number, negative, or
  /// ``died``.
  public var load:
    (
      _ file: UnsafeMutableRawBufferPointer, _ parameters: ByteString, _ ignoresVersion: Bool
    ) -> Int64
  /// Unloads one by its name; as `load`.
  public var unload: (_ name: ByteString) -> Int64
  /// Hands on the line of `/proc/modules` of a module, counted from the newest, piece by piece; false
  /// behind the last.
  public var line: (_ index: Int, _ showsAddress: Bool, _ body: (ByteString) -> Void) -> Bool
  /// What `/sys/module` shows.
  public var view: ModuleView

  /// The module's code ended by an oops, and so does who called.
  public static var died: Int64 { .min }

  public init(
    load:
      @escaping (
        _ file: UnsafeMutableRawBufferPointer, _ parameters: ByteString, _ ignoresVersion: Bool
      ) -> Int64,
    unload: @escaping (_ name: ByteString) -> Int64,
    line:
      @escaping (_ index: Int, _ showsAddress: Bool, _ body: (ByteString) -> Void) -> Bool,
    view: ModuleView
  ) {
    unsafe self.load = unsafe load
    self.unload = unload
    self.line = line
    self.view = view
  }
}
