import Arm64
import HardwareModel
import MemoryTraces
import MemoryTypes
import Observation
import TraceFiles

/// `--record`: what the model is shown, written down as a trace of our own (MemoryTrace.md).
extension Observer {
  /// Begins to record, if that was asked for; the reason why it cannot, if it cannot.
  mutating func startRecording() -> String? {
    guard let path = request.record.text else { return nil }
    let machine = TracedMachine(
      geometry: regime.geometry, hasHardwareAccessAndDirty: regime.hasHardwareAccessAndDirty,
      ram: memory.descriptors.range)
    do throws(TraceError) {
      let writer = try MachineTraceWriter(path, machine: machine, memory: memory.descriptors)
      let place = UnsafeMutablePointer<MachineTraceWriter>.allocate(capacity: 1)
      unsafe place.initialize(to: writer)
      unsafe trace = unsafe place
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Records what the model is shown, with the instructions that were fetched for it.
  mutating func record(_ batch: UnsafeBufferPointer<AccessRecord>) {
    guard let trace = unsafe trace else { return }
    var user: UInt64 = 0
    var kernel: UInt64 = 0
    for index in 0..<batch.count {
      let record = unsafe batch[index]
      // Bit 62 is the observer's own.
      unsafe trace.pointee.append(AccessRecord(rawValue: record.rawValue & ~BlockRecord.goesOn))
      guard record.kind == .fetch else { continue }
      if record.privilege == .user { user &+= record.size / 4 } else { kernel &+= record.size / 4 }
    }
    unsafe trace.pointee.writer.count(user: user, kernel: kernel)
    unsafe findContext(batch)
  }

  /// Finds where a program's registers are: what the kernel stores first, and loads last.
  private mutating func findContext(_ batch: UnsafeBufferPointer<AccessRecord>) {
    guard unsafe batch[0].privilege == .kernel else {
      saved.isSought = true
      return
    }
    if saved.isSought, let store = unsafe batch.first(where: { $0.kind == .store }) {
      saved.isSought = false
      saved.entered = store.address.rawValue
    }
    if let load = unsafe batch.last(where: { $0.kind == .load }) {
      saved.left = (load.address.rawValue & ~15) &- SavedContext.lastLoad
    }
  }

  /// A register of the program's, or what stands behind them, as the kernel has it in memory.
  private func register(_ offset: UInt64, of context: UInt64) -> UInt64 {
    guard context != 0 else { return 0 }
    let end = regime.walk(
      VirtualAddress(context &+ offset),
      reading: { memory.descriptors.word(at: $0).map { Descriptor($0) } }, eachStep: { _ in })
    guard case .mapped(let mapping) = end else { return 0 }
    return memory.word(at: mapping.address)
  }

  /// Records what the kernel does something for.
  mutating func record(_ cause: Cause) {
    guard let trace = unsafe trace else { return }
    flush()
    let context = saved.entered
    tellThread(context)
    if let call = cause.call {
      let registers = (0..<6 as Range<UInt64>).map { register($0 &* 8, of: context) }
      unsafe trace.pointee.append(
        MemoryTraceEvent(
          .systemCall, UInt64(call), registers[0], registers[1], registers[2], registers[3],
          registers[4], registers[5]))
    } else if cause == .fault {
      unsafe trace.pointee.append(
        MemoryTraceEvent(.faultBegin, register(SavedContext.faultAddress, of: context)))
    }
  }

  /// Records that the program goes on.
  mutating func recordReturn(from cause: Cause) {
    guard let trace = unsafe trace else { return }
    let context = saved.left
    // Another thread goes on than the one that came: its registers say what it comes from.
    let isOther = context != saved.entered
    tellThread(context)
    let isCall = isOther ? register(SavedContext.number, of: context) != .max : cause.call != nil
    if isCall {
      unsafe trace.pointee.append(MemoryTraceEvent(.systemReturn, register(0, of: context)))
    } else if isOther || cause == .fault {
      unsafe trace.pointee.append(MemoryTraceEvent(.faultEnd))
    }
  }

  /// Says who accesses, where that is another: by its tables and by where its registers are saved.
  private mutating func tellThread(_ context: UInt64) {
    let process = regime.lowerRoot?.rawValue ?? 0
    guard let trace = unsafe trace, context != 0, saved.told != (process, context) else { return }
    saved.told = (process, context)
    unsafe trace.pointee.append(MemoryTraceEvent(.task, process, context))
  }

  /// Ends the trace; why it is not whole, if it is not.
  mutating func finishRecording() -> String? {
    guard let trace = unsafe trace else { return nil }
    unsafe self.trace = nil
    do throws(TraceError) {
      try unsafe trace.pointee.finish()
      return nil
    } catch {
      return "\(error)"
    }
  }
}

/// Where a program's registers are while the kernel has the CPU (Arm64.UserContext, Vectors.S).
struct SavedContext {
  /// Of the program that the kernel was entered from last, and of the one that it went to last.
  var entered: UInt64 = 0
  var left: UInt64 = 0
  /// Whether the kernel has been entered and has not stored them yet.
  var isSought = false
  /// The process and the thread that the trace was told last.
  var told: (UInt64, UInt64) = (0, 0)

  /// x28 and x29 are loaded last.
  static var lastLoad: UInt64 { 224 }
  /// x0 before a system call; of another exception, the address that it is about.
  static var faultAddress: UInt64 { 272 }
  /// The system call's number, all ones where it is none.
  static var number: UInt64 { 280 }
}
