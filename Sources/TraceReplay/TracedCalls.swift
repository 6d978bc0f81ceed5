import MemoryTraces
import MemoryTypes

/// What a traced program's system calls do to its memory, as far as a trace tells them.
///
/// A call counts when it has returned well; calls of several threads are told apart. What is mapped
/// is found out by its first touch, so it is what goes away that matters: unmapped, replaced,
/// shrunk, and with the process.
struct TracedCalls {
  /// What becomes of memory.
  enum Effect: Equatable {
    /// Addresses are nobody's any more.
    case gone(start: UInt64, length: UInt64)
    /// The process has a child that begins with what it has.
    case forked
    /// It has ended, or is another program now.
    case ended
  }

  /// Who accesses at present, as the trace numbers threads.
  var thread: UInt64 = 0
  private var pending: [UInt64: MemoryTraceEvent] = [:]
  /// The end of the break area, by process.
  private var breaks: [UInt64: UInt64] = [:]
  /// Children that have their parent's memory until they end or become another program.
  private var guests: [UInt64: Int] = [:]
  /// The process whose thread becomes another program.
  private var executing: (thread: UInt64, process: UInt64)?

  /// More threads than this are not in a call at the same time.
  private static var most: Int { 1 << 16 }

  /// A call begins.
  mutating func begin(_ call: MemoryTraceEvent, of process: UInt64) -> Effect? {
    if pending.count >= Self.most { pending.removeAll() }
    pending[thread] = call
    switch call.a {
    case Number.exitGroup:
      pending[thread] = nil
      return leave(process)
    case Number.clone:
      // CLONE_VM: a thread, or a child of vfork().
      if call.b & 0x100 == 0 { return .forked }
      if call.b & 0x1_0000 == 0 { guests[process, default: 0] += 1 }
      return nil
    case Number.execute:
      executing = (thread, process)
      return nil
    default: return nil
    }
  }

  /// Whether memory that is seen first now is a new program's.
  var isExecuting: Bool { executing?.thread == thread }

  /// A call returns.
  mutating func end(_ result: UInt64, of process: UInt64) -> Effect? {
    guard let call = pending.removeValue(forKey: thread) else { return nil }
    let failed = result > .max - 4096
    if call.a == Number.execute {
      let old = executing?.process
      executing = nil
      // Tables of its own are a new program's: the old one's are gone.
      return failed || old == nil || old == process ? nil : old.flatMap { leave($0) }
    }
    if failed { return nil }
    switch call.a {
    case Number.unmap: return .gone(start: call.b, length: call.c)
    case Number.map where call.e & 0x10 != 0: return .gone(start: result, length: call.c)
    case Number.remap:
      if result != call.b { return .gone(start: call.b, length: call.c) }
      return call.d < call.c ? .gone(start: call.b &+ call.d, length: call.c - call.d) : nil
    case Number.advise where call.d == 4: return .gone(start: call.b, length: call.c)
    case Number.setBreak:
      let before = breaks.updateValue(result, forKey: process) ?? result
      return result < before ? .gone(start: result, length: before - result) : nil
    default: return nil
    }
  }

  /// Whose memory `leave` speaks of.
  private(set) var left: UInt64 = 0

  private mutating func leave(_ process: UInt64) -> Effect? {
    if let count = guests[process], count > 0 {
      guests[process] = count - 1
      return nil
    }
    breaks[process] = nil
    left = process
    return .ended
  }

  /// The calls of arm64 that matter (include/uapi/asm-generic/unistd.h).
  private enum Number {
    static var exitGroup: UInt64 { 94 }
    static var setBreak: UInt64 { 214 }
    static var unmap: UInt64 { 215 }
    static var remap: UInt64 { 216 }
    static var clone: UInt64 { 220 }
    static var execute: UInt64 { 221 }
    static var map: UInt64 { 222 }
    static var advise: UInt64 { 233 }
  }
}
