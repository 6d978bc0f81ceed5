import KernelAssembly
import KernelLog
import KernelModules

/// Ends the machine with a module's words.
@_cdecl("kernel_panic")
func kernelPanic(_ format: UnsafePointer<UInt8>, _ arguments: UnsafeMutableRawPointer) {
  var bytes = InlineArray<512, UInt8>(repeating: 0)
  var span = bytes.mutableSpan
  unsafe span.withUnsafeMutableBufferPointer { buffer in
    let length = unsafe Int(vscnprintf(buffer.baseAddress, 512, format, arguments))
    let text = unsafe UnsafeRawBufferPointer(
      UnsafeMutableBufferPointer(rebasing: buffer[..<length]))
    Panic.panic { line in unsafe line.append(bytes: text) }
  }
}
