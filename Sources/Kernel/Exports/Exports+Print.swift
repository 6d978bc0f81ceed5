import Arm64
import Files
import KernelAssembly
import KernelLog
import KernelModules
import MemoryTypes
import ProcFS
import Tasks

/// Formats C's list of arguments; the bytes that it takes, whether there was room or not.
///
/// - Parameter arguments: a `va_list`, which the procedure call standard passes by its address.
@_cdecl("vsnprintf")
func vsnprintf(
  _ buffer: UnsafeMutablePointer<UInt8>?, _ size: UInt, _ format: UnsafePointer<UInt8>,
  _ arguments: UnsafeMutableRawPointer
) -> Int32 {
  var output = unsafe FormatOutput(buffer, capacity: Int(min(size, 0x7fff_ffff)))
  var formatter = unsafe Formatter(VariableArguments(arguments), symbols: KernelSymbols())
  unsafe formatter.format(format, into: &output)
  output.terminate()
  return Int32(truncatingIfNeeded: output.length)
}

/// As `vsnprintf()`, but the bytes that are there.
@_cdecl("vscnprintf")
func vscnprintf(
  _ buffer: UnsafeMutablePointer<UInt8>?, _ size: UInt, _ format: UnsafePointer<UInt8>,
  _ arguments: UnsafeMutableRawPointer
) -> Int32 {
  guard size > 0 else { return 0 }
  let length = unsafe vsnprintf(buffer, size, format, arguments)
  return min(length, Int32(truncatingIfNeeded: min(size &- 1, 0x7fff_ffff)))
}

/// Formats a message into the log; its level is in front of it, `\u{1}` and a digit
/// (kernel/printk/printk.c: `vprintk_store()`).
@_cdecl("vprintk")
func vprintk(_ format: UnsafePointer<UInt8>, _ arguments: UnsafeMutableRawPointer) -> Int32 {
  var bytes = InlineArray<1024, UInt8>(repeating: 0)
  var length = 0
  var span = bytes.mutableSpan
  unsafe span.withUnsafeMutableBufferPointer { buffer in
    length = unsafe Int(vscnprintf(buffer.baseAddress, 1024, format, arguments))
    var start = 0
    var level = LogLevel.byDefault
    var continues = false
    // As printk_skip_level(): the last of several counts.
    while start &+ 1 < length, unsafe buffer[start] == 1 {
      let letter = unsafe buffer[start &+ 1]
      if let named = LogLevel(rawValue: letter &- 0x30) { level = named }
      if letter == 0x63 { continues = true }
      start &+= 2
    }
    let text = unsafe UnsafeMutableBufferPointer(rebasing: buffer[start..<length])
    unsafe VirtBoard().log(level, continues: continues, bytes: UnsafeRawBufferPointer(text))
  }
  return Int32(length)
}

/// Names for addresses: the kernel's and the modules'.
struct KernelSymbols: FormatSymbols {
  func append(symbol address: UInt64, _ style: SymbolStyle, to output: inout FormatOutput) {
    var line = LogLine()
    Symbols.append(
      address, to: &line, isCaller: style == .caller, hasOffset: style != .name)
    unsafe line.withBytes { bytes in
      for index in 0..<bytes.count { unsafe output.append(bytes[index]) }
    }
  }

  var restriction: PointerRestriction {
    guard unsafe kernel_variables().pointee.state != 0 else { return .hashed }
    switch ProcFS(Kernel.state).pointerRestriction {
    case 0: return .hashed
    case 1:
      let task = Kernel.state.current
      let its = task.pointee.credentials
      return task.pointee.capabilities.has(Capabilities.systemLog)
        && its.effectiveUser == its.user && its.effectiveGroup == its.group ? .shown : .hidden
    default: return .hidden
    }
  }
}
