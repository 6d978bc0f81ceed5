import Arm64
import KernelAssembly
import KernelLog
import MemoryTypes
import ProcFS
import Tasks

/// BUG() and WARN(): `brk #0x800` at a place that a bug table names (lib/bug.c: report_bug()).
extension Oops {
  /// An entry of a bug table, as CONFIG_GENERIC_BUG_RELATIVE_POINTERS with
  /// CONFIG_DEBUG_BUGVERBOSE has it: the distances to the instruction and to the file's name (0 in
  /// what was built without), the line, flags.
  struct BugEntry {
    var distance: Int32
    var file: Int32
    var line: UInt16
    var flags: UInt16

    static var warning: UInt16 { 1 << 0 }
    static var once: UInt16 { 1 << 1 }
    static var done: UInt16 { 1 << 2 }
    static var noCutHere: UInt16 { 1 << 3 }
    /// The taint that a warning leaves, in the upper byte.
    var taint: UInt64 { UInt64(flags &>> 8) }
  }

  func serveBug() {
    guard let entry = unsafe bugEntry else { return serveBreak() }
    let flags = unsafe entry.pointee.flags
    if flags & BugEntry.warning != 0 {
      if flags & BugEntry.once != 0 {
        if flags & BugEntry.done != 0 { return skip() }
        unsafe entry.pointee.flags |= BugEntry.done
      }
      if flags & BugEntry.noCutHere == 0 { say("------------[ cut here ]------------") }
      unsafe warn(entry)
      return skip()
    }
    unsafe bug(entry)
  }

  /// A `brk` that nobody knows (arch/arm64/kernel/debug-monitors.c: brk_handler()).
  func serveBreak() {
    say(.warning, "Unexpected kernel BRK exception at EL1")
    die("BRK handler", withInterruptsOff: true)
  }

  /// Goes on behind the instruction.
  private func skip() { registers.pointee.programCounter &+= 4 }

  private func bug(_ entry: UnsafeMutablePointer<BugEntry>) {
    if unsafe entry.pointee.flags & BugEntry.noCutHere == 0 {
      say("------------[ cut here ]------------")
    }
    say(.critical) { line in
      if unsafe Self.hasFile(entry) {
        line.append("kernel BUG at ")
        unsafe Self.appendPlace(of: entry, to: &line)
        line.append("!")
      } else {
        line.append("Kernel BUG at ")
        Symbols.append(pc, to: &line, isCaller: true)
        line.append(" [verbose debug info unavailable]")
      }
    }
    // The debug exception's door leaves interrupts closed, as Linux has it.
    die("Oops - BUG", withInterruptsOff: true)
  }

  private static func hasFile(_ entry: UnsafeMutablePointer<BugEntry>) -> Bool {
    guard unsafe entry.pointee.file != 0 else { return false }
    return unsafe canRead(fileName(of: entry))
  }

  private static func fileName(of entry: UnsafeMutablePointer<BugEntry>) -> UInt64 {
    unsafe UInt64(UInt(bitPattern: entry)) &+ 4
      &+ UInt64(bitPattern: Int64(entry.pointee.file))
  }

  /// `file:line`, from the end of a path that would fill the line by itself.
  private static func appendPlace(
    of entry: UnsafeMutablePointer<BugEntry>, to line: inout LogLine
  ) {
    // SAFETY: a text with its zero in the read-only data of whoever has the entry.
    let name = unsafe UnsafePointer<UInt8>(bitPattern: UInt(fileName(of: entry))).unsafelyUnwrapped
    var length = 0
    while length < 4096, unsafe name[length] != 0 { length &+= 1 }
    let start = max(0, length &- 120)
    unsafe line.append(bytes: UnsafeRawBufferPointer(start: name + start, count: length &- start))
    line.append(":")
    unsafe line.append(decimal: UInt64(entry.pointee.line))
  }

  /// kernel/panic.c: __warn().
  private func warn(_ entry: UnsafeMutablePointer<BugEntry>) {
    say(.warning) { line in
      line.append("WARNING: CPU: 0 PID: ")
      line.append(decimal: UInt64(UInt32(bitPattern: task?.pointee.pid ?? 0)))
      line.append(" at ")
      if unsafe Self.hasFile(entry) {
        unsafe Self.appendPlace(of: entry, to: &line)
        line.append(" ")
      }
      Symbols.append(pc, to: &line)
    }
    OopsModules.list(board)
    describeRegisters()
    let warnings = unsafe kernel_variables().pointee.warnings &+ 1
    unsafe kernel_variables().pointee.warnings = warnings
    if unsafe kernel_variables().pointee.state != 0 {
      let settings = ProcFS(Kernel.state)
      if settings.panicsOnWarning { Panic.panic { $0.append("kernel: panic_on_warn set ...") } }
      let limit = settings.warningLimit
      if limit > 0, warnings >= limit {
        Panic.panic { line in
          line.append("Warned too often (kernel.warn_limit is ")
          line.append(decimal: limit)
          line.append(")")
        }
      }
    }
    say(.warning, "---[ end trace 0000000000000000 ]---")
    unsafe Taint.add(Taint(rawValue: 1 &<< entry.pointee.taint))
  }

  /// The entry for the program counter: the image's, or a module's.
  private var bugEntry: UnsafeMutablePointer<BugEntry>? {
    let start = address_of_bug_table_start()
    let count = Int(address_of_bug_table_end() &- start) / MemoryLayout<BugEntry>.stride
    // SAFETY: the section holds nothing else.
    if let table = unsafe UnsafeMutablePointer<BugEntry>(bitPattern: UInt(start)),
      let found = unsafe Self.find(pc, in: UnsafeMutableBufferPointer(start: table, count: count))
    {
      return unsafe found
    }
    guard let table = unsafe OopsModules.bugTable(of: pc) else { return nil }
    return unsafe Self.find(
      pc,
      in: UnsafeMutableBufferPointer(
        start: table.baseAddress?.assumingMemoryBound(to: BugEntry.self),
        count: table.count / MemoryLayout<BugEntry>.stride))
  }

  private static func find(
    _ pc: UInt64, in table: UnsafeMutableBufferPointer<BugEntry>
  ) -> UnsafeMutablePointer<BugEntry>? {
    for index in 0..<table.count {
      guard let entry = unsafe table.baseAddress.map({ unsafe $0 + index }) else { return nil }
      let place = UInt64(UInt(bitPattern: entry))
      if unsafe place &+ UInt64(bitPattern: Int64(entry.pointee.distance)) == pc {
        return unsafe entry
      }
    }
    return nil
  }
}
