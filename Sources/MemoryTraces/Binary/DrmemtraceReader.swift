import HardwareModel
package import TraceFiles

/// Reads DynamoRIO's drmemtrace (clients/drcachesim/common/trace_entry.h, `trace_entry_t`), as its
/// post-processing writes it: a file a thread, compressed with gzip, or a ZIP archive of pieces.
///
/// Records of 12 bytes: a type and a size of 2 bytes, an address of 8 (of 64-bit programs). Kept are
/// loads, stores, instructions, threads and processes, system calls and times; prefetches, flushes
/// and the bytes of instructions are passed over. What a program traced with filters lacks is not
/// there: then it is marked as sampled. A system call's arguments and result are there where it was
/// traced with `-record_syscall`; numbers of x86-64 become arm64's where they are about memory, and
/// others lie above 2³². Kernel code that was traced too is the kernel's.
package final class DrmemtraceReader: MemoryTraceReader {
  package var nature: MemoryTraceNature {
    MemoryTraceNature(.drmemtrace, isSampled: isFiltered)
  }
  package private(set) var facts: [TraceFact] = []
  private let input: TraceInput
  private var isFiltered = false
  private var isEnded = false
  private var isKernel = false
  private var process: UInt64 = 0
  private var thread: UInt64 = 0
  private var window: UInt64?
  private var firstTime: UInt64?
  private var instructions: (user: UInt64, kernel: UInt64) = (0, 0)
  /// A system call whose arguments may still come, and how many have.
  private var call: MemoryTraceEvent?
  private var arguments = 0
  /// Whether the function that markers speak of is a system call.
  private var isCall = false
  private var isX86 = false
  /// Where the instructions of a bundle go on.
  private var next: UInt64 = 0

  static var recordSize: Int { 12 }

  /// Whether a file begins with a header of a version that there is.
  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= recordSize else { return false }
    return unsafe bytes[0] == 25 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0
      && bytes.loadUnaligned(fromByteOffset: 4, as: UInt64.self).littleEndian < 256
  }

  package init(_ input: TraceInput) throws(TraceError) {
    self.input = input
    guard try input.require(Self.recordSize), unsafe Self.recognises(input.available) else {
      throw TraceError(
        .malformed, "drmemtrace begins with a header: type 25, size 0, a version",
        at: TracePlace(input.name, offset: 0))
    }
  }

  package var progress: TraceProgress { input.progress }

  package func read(into batch: MemoryTraceBatch) {
    batch.removeAll()
    do throws(TraceError) {
      while !isEnded && !batch.isFilled {
        guard try input.require(Self.recordSize) else {
          let rest = unsafe input.available.count
          throw TraceError(
            .truncated,
            rest == 0
              ? "the file ends without a footer"
              : "the file ends \(rest) bytes into a record of 12",
            at: TracePlace(input.name, offset: input.offset))
        }
        try takeRecords(batch)
      }
    } catch { batch.failure = error }
    tellCall(batch)
    tellInstructions(batch)
  }

  private func takeRecords(_ batch: MemoryTraceBatch) throws(TraceError) {
    let available = unsafe input.available
    let count = available.count / Self.recordSize
    var done = 0
    var failure: TraceError?
    while done < count && !batch.isFilled && failure == nil {
      let at = done * Self.recordSize
      let type = UInt16(
        littleEndian: unsafe available.loadUnaligned(fromByteOffset: at, as: UInt16.self))
      let size = UInt16(
        littleEndian: unsafe available.loadUnaligned(fromByteOffset: at + 2, as: UInt16.self))
      let address = UInt64(
        littleEndian: unsafe available.loadUnaligned(fromByteOffset: at + 4, as: UInt64.self))
      failure = take(type, UInt64(size), address, batch, at)
      done += 1
    }
    input.take((failure == nil ? done : done - 1) * Self.recordSize)
    if let failure { throw failure }
  }

  private func malformed(_ what: String, _ offset: Int) -> TraceError {
    TraceError(
      .malformed, what, at: TracePlace(input.name, offset: input.offset + UInt64(offset)))
  }

  /// Takes a record; what is wrong with it.
  @inline(__always) private func take(
    _ type: UInt16, _ size: UInt64, _ address: UInt64, _ batch: MemoryTraceBatch, _ offset: Int
  ) -> TraceError? {
    if call != nil && type != 28 { tellCall(batch) }
    switch type {
    case 0, 1:
      guard size > 0 && size <= Self.largest else { return badSize(size, offset) }
      append(type == 0 ? .load : .store, address, size, batch)
    case 10...16, 31, 48, 49:
      // x86's longest instruction has 15 bytes; the reader's own limit is 17.
      guard size <= 32 else { return badSize(size, offset) }
      countInstruction()
      next = address &+ size
      if size > 0 { append(.fetch, address, size, batch) }
    case 17:
      guard size <= 8 else { return badSize(size, offset) }
      for index in 0..<size {
        let length = (address &>> (index &* 8)) & 0xff
        guard length > 0, length <= 32 else { return badSize(length, offset) }
        countInstruction()
        append(.fetch, next, length, batch)
        next &+= length
      }
    default: return takeOther(type, size, address, batch, offset)
    }
    return nil
  }

  /// No access is larger.
  private static var largest: UInt64 { 4096 }

  private func badSize(_ size: UInt64, _ offset: Int) -> TraceError {
    malformed("an access of \(size) bytes: 1 to \(Self.largest), instructions to 32", offset)
  }

  @inline(__always) private func countInstruction() {
    if isKernel { instructions.kernel &+= 1 } else { instructions.user &+= 1 }
  }

  @inline(__always) private func append(
    _ kind: AccessKind, _ address: UInt64, _ size: UInt64, _ batch: MemoryTraceBatch
  ) {
    guard isKernel else { return batch.append(kind, address, size) }
    batch.appendKernel(kind, address, size)
  }

  private func tellInstructions(_ batch: MemoryTraceBatch) {
    guard instructions != (0, 0) else { return }
    batch.append(MemoryTraceEvent(.instructions, instructions.user, instructions.kernel))
    instructions = (0, 0)
  }

  private func takeOther(
    _ type: UInt16, _ size: UInt64, _ address: UInt64, _ batch: MemoryTraceBatch, _ offset: Int
  ) -> TraceError? {
    switch type {
    case 2...9, 18...21, 27, 32...46: break
    // An instruction that is not fetched again (rep), and the bytes of one.
    case 29, 30, 47: break
    case 22:
      thread = address
      tellTask(batch)
    case 24:
      process = address
      tellTask(batch)
    case 23: batch.append(MemoryTraceEvent(.threadEnd, process, address))
    case 25:
      guard address >= 2, address <= 64 else {
        return TraceError(
          .unsupported, "version \(address) of drmemtrace; 2 and later are known",
          at: TracePlace(input.name, offset: input.offset + UInt64(offset)))
      }
      set("version", address)
    case 26: isEnded = true
    case 28: takeMarker(size, address, batch)
    default: return malformed("no record of drmemtrace has the type \(type)", offset)
    }
    return nil
  }

  private func tellTask(_ batch: MemoryTraceBatch) {
    tellInstructions(batch)
    batch.append(MemoryTraceEvent(.task, process, thread))
  }

  private func set(_ name: String, _ value: UInt64) {
    guard !facts.contains(where: { $0.name == name }) else { return }
    facts.append(TraceFact(name, String(value)))
  }

  private func takeMarker(_ marker: UInt64, _ value: UInt64, _ batch: MemoryTraceBatch) {
    switch marker {
    case 2:
      // Microseconds.
      let first = firstTime ?? value
      firstTime = first
      if value >= first {
        let passed = (value - first).multipliedReportingOverflow(by: 1000)
        batch.append(MemoryTraceEvent(.time, passed.overflow ? .max : passed.partialValue))
      }
    case 9:
      set("file-type", value)
      // Filtered: all, instructions, data.
      if value & 0x181 != 0 { isFiltered = true }
      // OFFLINE_FILE_TYPE_ARCH_X86_64.
      isX86 = value & 0x78 == 0x40
    case 18: set("traced-page-size", value)
    case 17: break
    case 14:
      if let window, window != value { batch.append(MemoryTraceEvent(.gap)) }
      window = value
    case 25:
      tellCall(batch)
      call = MemoryTraceEvent(.systemCall, number(value))
      arguments = 0
    // A function or system call, its arguments, its result.
    case 4: isCall = value >= Self.callBase && value - Self.callBase < 1 << 16
    case 6:
      guard isCall, call != nil else { return }
      arguments += 1
      switch arguments {
      case 1: call?.b = value
      case 2: call?.c = value
      case 3: call?.d = value
      case 4: call?.e = value
      case 5: call?.f = value
      case 6: call?.g = value
      default: break
      }
    case 7:
      tellCall(batch)
      if isCall { batch.append(MemoryTraceEvent(.systemReturn, value)) }
    case 27, 28:
      tellInstructions(batch)
      isKernel = marker == 27
    default: break
    }
  }

  /// TRACE_FUNC_ID_SYSCALL_BASE.
  private static var callBase: UInt64 { 0x1_0000_0000 }

  private func tellCall(_ batch: MemoryTraceBatch) {
    guard let call else { return }
    self.call = nil
    batch.append(call)
  }

  /// The number that arm64 has for a system call; of x86-64, for those that change memory.
  private func number(_ number: UInt64) -> UInt64 {
    guard isX86 else { return number }
    let known: [UInt64: UInt64] = [
      9: 222, 10: 226, 11: 215, 12: 214, 25: 216, 28: 233, 56: 220, 57: 220, 59: 221, 231: 94,
    ]
    return known[number] ?? number | 1 << 32
  }
}
