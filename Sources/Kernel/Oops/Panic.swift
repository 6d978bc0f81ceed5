import Arm64
import BoardFormat
import Files
import KernelAssembly
import KernelLog
import KernelModules
import MemoryTypes
import Tasks

/// The end of the machine (kernel/panic.c: panic()).
enum Panic {
  /// Says why, and turns the power off; the tool's exit code is 125.
  static func panic(_ why: (inout LogLine) -> Void) -> Never {
    let board = VirtBoard()
    board.kernelLog?.pointee.shownLevel = 15
    board.log(.emergency) { line in
      line.append("Kernel panic - not syncing: ")
      why(&line)
    }
    board.log(.emergency, "Kernel Offset: disabled")
    // None of Linux's numbered capabilities is patched in here.
    board.log(.emergency, "CPU features: 0x000000,00000000,00000000")
    board.log(.emergency, "Memory Limit: none")
    sendLog()
    board.powerOff(EndRecord(reason: .kernelFault, status: 0))
  }

  /// Sends the whole log if the tool wants it, as it would get it at a program's end.
  static func sendLog() {
    let board = VirtBoard()
    guard board.header.pointee.texts & Text.dmesg.bit != 0, let log = board.kernelLog else {
      return
    }
    unsafe board.write(.textBegin, ByteString("dmesg" as StaticString).bytes)
    var sequence = log.pointee.firstSequence
    while let entry = log.pointee.entry(sequence) {
      var text = LogLine()
      _ = KernelLog.write(entry, priority: false, &text)
      unsafe text.withBytes { unsafe board.write(.text, $0) }
      sequence = entry.sequence &+ 1
    }
  }
}

/// What of the past a report must not hide (Documentation/admin-guide/tainted-kernels.rst).
struct Taint: OptionSet {
  var rawValue: UInt64
  static var badPage: Taint { Taint(rawValue: 1 << 5) }
  static var died: Taint { Taint(rawValue: 1 << 7) }
  static var warned: Taint { Taint(rawValue: 1 << 9) }
  static var foreignModule: Taint { Taint(rawValue: 1 << 12) }
  static var unsignedModule: Taint { Taint(rawValue: 1 << 13) }

  static var current: Taint {
    let modules = UInt64(Modules.loader?.pointee.taints.rawValue ?? 0)
    return unsafe Taint(rawValue: kernel_variables().pointee.taint | modules)
  }

  static func add(_ taint: Taint) {
    unsafe kernel_variables().pointee.taint |= taint.rawValue
    guard unsafe kernel_variables().pointee.state != 0 else { return }
    Kernel.state.store.pointee.taint = current.rawValue
  }

  /// print_tainted(): a letter or a blank for each.
  static func describe(_ line: inout LogLine) {
    let taint = current.rawValue
    guard taint != 0 else {
      line.append("Not tainted")
      return
    }
    line.append("Tainted: ")
    let letters: StaticString = "PFSRMBUDAWCIOELKXTN"
    for bit in 0..<letters.utf8CodeUnitCount {
      // SAFETY: a literal's bytes.
      let letter = unsafe letters.utf8Start[bit]
      let isSet = taint &>> UInt64(bit) & 1 != 0
      line.append(byte: isSet ? letter : bit == 0 ? 0x47 : 0x20)
    }
  }
}
