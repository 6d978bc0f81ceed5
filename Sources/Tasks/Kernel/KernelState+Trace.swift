import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes

/// What `kilburn trace` hears of programs.
extension KernelState {
  /// Tells where the current program is: its program counter, its link register, and the callers
  /// that its frame records name (Procedure Call Standard for the Arm 64-bit Architecture, 6.4.6).
  ///
  /// Reads only what can be read without a fault, and no more than twelve records.
  @inline(never)
  public func traceStack() {
    guard board.traced.contains(.stacks), let space = current.pointee.memory.space else { return }
    let context = current.pointee.context
    var record = TraceRecord(
      .stack, context.pointee.programCounter, context.pointee.x[30])
    var count: UInt16 = 2
    var frame = context.pointee.x[29]
    for _ in 0..<12 {
      guard let caller = space.pointee.peek(VirtualAddress(frame &+ 8)), caller != 0,
        let next = space.pointee.peek(VirtualAddress(frame))
      else { break }
      if count == 6 {
        record.detail = 6
        record.number = 1
        board.trace(record)
        record = TraceRecord(.stack)
        count = 0
      }
      record.words[Int(count)] = caller
      count &+= 1
      guard next > frame else { break }
      frame = next
    }
    record.detail = count
    board.trace(record)
  }
}
