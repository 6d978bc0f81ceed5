import AddressSpaces
import Arm64
import BoardFormat
import Files
import MemoryTypes

/// What `kilburn trace` hears of programs.
extension KernelState {
  /// Tells where the current program is: its program counter, its link register, and the callers
  /// that its frame records name (Procedure Call Standard for the Arm 64-bit Architecture, 6.4.6).
  ///
  /// Reads only what can be read without a fault, and no more than `depth` records.
  @inline(never)
  public func traceStack(depth: Int = 12) {
    guard board.traced.contains(.stacks), let space = current.pointee.memory.space else { return }
    let context = current.pointee.context
    var record = TraceRecord(
      .stack, context.pointee.programCounter, context.pointee.x[30])
    var count: UInt16 = 2
    var frame = context.pointee.x[29]
    for _ in 0..<depth {
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

  /// Tells who has the CPU now, and which tables and ASID go with it.
  @inline(never)
  func traceSwitch() {
    let space = current.pointee.memory.space
    let asid = space.map { $0.pointee.activation().asid.rawValue } ?? 0
    board.trace(
      TraceRecord(
        .switched, number: current.pointee.pid, space?.pointee.root.rawValue ?? 0, UInt64(asid)))
  }

  /// Tells of a new task, and of its areas if its space is new too.
  @inline(never)
  func traceMade(_ child: KernelPointer<Task<B>>) {
    let space = child.pointee.memory.space
    board.trace(
      TraceRecord(
        .taskMade, number: child.pointee.pid,
        UInt64(UInt32(bitPattern: child.pointee.threadGroup)),
        UInt64(UInt32(bitPattern: current.pointee.pid)), space?.pointee.root.rawValue ?? 0))
    space?.pointee.traceAreas()
  }

  /// Tells which program the current task has begun, and its areas.
  @inline(never)
  func traceProgram(_ path: ByteString) {
    guard let space = current.pointee.memory.space else { return }
    board.trace(
      TraceRecord(.taskBegan, number: current.pointee.pid, space.pointee.root.rawValue))
    var text = TraceText(board)
    for index in 0..<path.count { text.add(path[index]) }
    text.send()
    space.pointee.traceAreas()
  }

  /// Tells of a signal that a handler is called for.
  @inline(__always)
  func traceSignal(_ taken: Taken) {
    guard board.traced.contains(.signals) else { return }
    board.trace(
      TraceRecord(
        .signal, number: taken.info.number, taken.action.handler,
        UInt64(UInt32(bitPattern: taken.info.code)), taken.info.first))
  }
}
