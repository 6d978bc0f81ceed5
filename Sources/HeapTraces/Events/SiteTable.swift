/// Who calls, as a trace tells it: strings, frames, and stacks as paths of a tree.
///
/// A stack is its innermost frame and the stack that called it, so that what stacks have in common
/// is kept once. Everything is numbered from 1 in the order it is told; 0 is "not known".
package struct SiteTable: Equatable, Sendable {
  /// A place in the program.
  package struct Frame: Hashable, Sendable {
    package var address: UInt64
    /// The file that is mapped there, the function, the source file: strings, or 0.
    package var module: UInt32
    package var function: UInt32
    package var file: UInt32
    package var line: UInt32

    package init(
      address: UInt64, module: UInt32 = 0, function: UInt32 = 0, file: UInt32 = 0, line: UInt32 = 0
    ) {
      self.address = address
      self.module = module
      self.function = function
      self.file = file
      self.line = line
    }
  }

  /// A frame and who called it.
  package struct Stack: Hashable, Sendable {
    package var parent: UInt32
    package var frame: UInt32
    package init(parent: UInt32, frame: UInt32) {
      self.parent = parent
      self.frame = frame
    }
  }

  /// No trace has more of any; a table of a hostile one would not end.
  package static var limit: Int { 1 << 24 }
  package static var byteLimit: Int { 1 << 28 }

  package private(set) var strings: [String] = []
  package private(set) var frames: [Frame] = []
  package private(set) var stacks: [Stack] = []
  private var bytes = 0

  package init() {}

  /// Adds a string and tells its number; nil where there is no room for more.
  package mutating func add(string: String) -> UInt32? {
    bytes += string.utf8.count
    guard strings.count < Self.limit, bytes < Self.byteLimit else { return nil }
    strings.append(string)
    return UInt32(strings.count)
  }

  /// Adds a frame; nil where its strings are not told or there is no room.
  package mutating func add(_ frame: Frame) -> UInt32? {
    guard frames.count < Self.limit, Int(frame.module) <= strings.count,
      Int(frame.function) <= strings.count, Int(frame.file) <= strings.count
    else { return nil }
    frames.append(frame)
    return UInt32(frames.count)
  }

  /// Adds a stack; nil where its frame or its caller is not told, or there is no room.
  package mutating func add(_ stack: Stack) -> UInt32? {
    guard stacks.count < Self.limit, Int(stack.parent) <= stacks.count, stack.frame > 0,
      Int(stack.frame) <= frames.count
    else { return nil }
    stacks.append(stack)
    return UInt32(stacks.count)
  }

  /// A string by its number; empty for 0.
  package func string(_ number: UInt32) -> String {
    number == 0 || Int(number) > strings.count ? "" : strings[Int(number) - 1]
  }

  /// The frames of a stack, innermost first.
  ///
  /// It ends: a stack's caller was told before it.
  package func frames(of stack: UInt32, limit: Int = 64) -> [Frame] {
    var found: [Frame] = []
    var at = stack
    while at > 0, Int(at) <= stacks.count, found.count < limit {
      found.append(frames[Int(stacks[Int(at) - 1].frame) - 1])
      at = stacks[Int(at) - 1].parent
    }
    return found
  }

  /// A frame as a person reads it: `function (file:line)`, or `module+0x12`, or the address.
  package func text(_ frame: Frame) -> String {
    let function = string(frame.function)
    let module = string(frame.module)
    if !function.isEmpty {
      let file = string(frame.file).split(separator: "/").last.map(String.init) ?? ""
      return file.isEmpty || frame.line == 0 ? function : "\(function) (\(file):\(frame.line))"
    }
    let name = module.split(separator: "/").last.map(String.init) ?? ""
    let digits = "0x" + String(frame.address, radix: 16)
    return name.isEmpty ? digits : frame.address == 0 ? name : "\(name) \(digits)"
  }

  /// A stack in one line, innermost first; empty where it is not known.
  package func text(of stack: UInt32, frames limit: Int = 3) -> String {
    frames(of: stack, limit: limit).map { text($0) }.joined(separator: " < ")
  }
}
