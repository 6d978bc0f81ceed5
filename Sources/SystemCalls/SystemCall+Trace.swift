import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import Tasks

/// What `kilburn trace` hears of calls.
extension SystemCall {
  /// Serves a call between two records, with what it did to the program's areas before the second.
  @inline(never)
  func trace(_ number: UInt64) -> UInt64 {
    let board = kernel.board
    if board.traced.contains(.stop) { stopIfAsked(number) }
    guard board.traced.contains(.calls) else {
      let result = serve(number)
      task.pointee.memory.space?.pointee.traceAreas()
      return result
    }
    kernel.traceStack()
    let x = context.pointee.x
    let id = Int32(truncatingIfNeeded: number)
    board.trace(TraceRecord(.callBegin, number: id, x[0], x[1], x[2], x[3], x[4], x[5]))
    let isTold = traceStrings(number)
    let result = serve(number)
    // What could not be read without a fault then has been faulted in since.
    if !isTold && number != 221 { _ = traceStrings(number, first: x[0], second: x[1]) }
    // exec has another space now.
    task.pointee.memory.space?.pointee.traceAreas()
    board.trace(TraceRecord(.callEnd, number: id, result))
    return result
  }

  /// Ends the machine at the call that was named, before it is served.
  private func stopIfAsked(_ number: UInt64) {
    let header = kernel.store.pointee.header
    guard header.stopCall == number &+ 1, number < UInt64(Statistics.systemCallNumbers),
      kernel.statistics.pointee.systemCalls[Int(truncatingIfNeeded: number)] == header.stopCount
    else { return }
    kernel.stopForInspection(
      EndRecord(
        reason: .stopped, status: UInt32(truncatingIfNeeded: number),
        pc: context.pointee.programCounter))
  }

  /// Tells of the path that a call names; false if its page is not there.
  private func traceStrings(_ number: UInt64) -> Bool {
    traceStrings(number, first: context.pointee.x[0], second: context.pointee.x[1])
  }

  private func traceStrings(_ number: UInt64, first: UInt64, second: UInt64) -> Bool {
    let index: UInt16
    switch number {
    case 45, 49, 51, 221, 224, 225, 279: index = 0
    case 33, 34, 35, 37, 38, 48, 53, 54, 56, 78, 79, 88, 276, 281, 291, 437, 439: index = 1
    default: return true
    }
    var at = index == 0 ? first : second
    if at == 0 { return true }
    var text = TraceText(kernel.board)
    for _ in 0..<256 {
      guard let word = space.pointee.peek(VirtualAddress(at & ~7)) else { return false }
      let byte = UInt8(truncatingIfNeeded: word &>> (8 &* (at & 7)))
      if byte == 0 { break }
      text.add(byte)
      at &+= 1
    }
    kernel.board.trace(TraceRecord(.argument, detail: index))
    text.send()
    return true
  }
}
