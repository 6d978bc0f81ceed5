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
  }

  /// Records what the kernel does something for.
  mutating func record(_ cause: Cause) {
    guard let trace = unsafe trace else { return }
    flush()
    if let call = cause.call {
      unsafe trace.pointee.append(MemoryTraceEvent(.systemCall, UInt64(call)))
    } else if cause == .fault {
      unsafe trace.pointee.append(MemoryTraceEvent(.faultBegin))
    }
  }

  /// Records that the program goes on.
  mutating func recordReturn(from cause: Cause) {
    guard let trace = unsafe trace else { return }
    if cause.call != nil {
      unsafe trace.pointee.append(MemoryTraceEvent(.systemReturn))
    } else if cause == .fault {
      unsafe trace.pointee.append(MemoryTraceEvent(.faultEnd))
    }
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
