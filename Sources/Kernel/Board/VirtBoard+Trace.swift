public import BoardFormat
import KernelAssembly
import Tasks

/// What `kilburn trace` hears: records are gathered, and sent through the output ring when a frame
/// is full, before anything else is sent, and before the CPU waits.
extension VirtBoard {
  @inline(__always) public var traced: TraceCategories {
    TraceCategories(rawValue: kernel_parameters.traced)
  }

  @inline(never)
  public func trace(_ record: TraceRecord) {
    let before = instructions
    var record = record
    record.instructions = before.user &+ before.kernel
    let length = unsafe Int(kernel_variables().pointee.trace_length)
    // SAFETY: `sendTrace` empties the place before there is no room for one more.
    unsafe kernel_trace_records().storeBytes(
      of: record, toByteOffset: length, as: TraceRecord.self)
    unsafe kernel_variables().pointee.trace_length = UInt64(length &+ TraceRecord.size)
    if length &+ 2 &* TraceRecord.size > Self.traceRoom { sendTrace() }
    let spent = instructions.kernel &- before.kernel
    unsafe kernel_variables().pointee.tracing_instructions &+= spent
  }

  /// Sends what was gathered.
  func sendTrace() {
    let length = unsafe Int(kernel_variables().pointee.trace_length)
    guard length != 0 else { return }
    unsafe kernel_variables().pointee.trace_length = 0
    unsafe write(.trace, UnsafeRawBufferPointer(start: kernel_trace_records(), count: length))
  }

  /// The bytes of trace_records.
  private static var traceRoom: Int { 504 &* 8 }
}
