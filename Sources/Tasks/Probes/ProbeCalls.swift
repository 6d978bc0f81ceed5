import MemoryTypes

/// The probed functions that a task is in, whose returns are waited for (`struct uprobe_task`).
///
/// An entry is found by the stack pointer, which is the same when a function returns as when it was
/// called; so functions that were left by longjmp, and stacks that come and go, do no harm.
struct ProbeCalls: BitwiseCopyable {
  struct Call: BitwiseCopyable {
    var stackPointer: UInt64
    /// Where it is to return to.
    var returnAddress: UInt64
    var firstArgument: UInt64
    /// The probe's number.
    var probe: Int
  }

  private(set) var count = 0
  private var calls = InlineArray<16, Call>(
    repeating: Call(stackPointer: 0, returnAddress: 0, firstArgument: 0, probe: 0))

  /// Remembers a call; false where there is no room.
  mutating func push(_ call: Call) -> Bool {
    guard count < 16 else { return false }
    calls[count] = call
    count &+= 1
    return true
  }

  /// Takes out the latest call with a stack pointer.
  mutating func pop(_ stackPointer: UInt64) -> Call? {
    var index = count
    while index > 0 {
      index &-= 1
      guard calls[index].stackPointer == stackPointer else { continue }
      let call = calls[index]
      for later in index..<count &- 1 { calls[later] = calls[later &+ 1] }
      count &-= 1
      return call
    }
    return nil
  }

  /// Forgets calls with a stack pointer: whoever calls anew with it has left them.
  mutating func forget(_ stackPointer: UInt64) { while pop(stackPointer) != nil {} }

  /// Whether one of them may have called a function with this stack pointer: an allocator's own
  /// frames are small.
  func areCallers(of stackPointer: UInt64) -> Bool {
    for index in 0..<count {
      let above = calls[index].stackPointer
      if above >= stackPointer, above &- stackPointer < 1 &<< 16 { return true }
    }
    return false
  }
}
