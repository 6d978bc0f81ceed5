import Files
import KernelAssembly
import KernelLog
import KernelModules

/// What modules may use of the kernel: the table that `Exports.S` makes.
enum Exports {
  /// A symbol by its name.
  static func find(_ name: ByteString) -> KernelExport? {
    var at = address_of_exports_start()
    while at < address_of_exports_end() {
      // SAFETY: the section is entries of two distances from its start to its end.
      let entry = unsafe UnsafePointer<Int32>(bitPattern: UInt(at)).unsafelyUnwrapped
      let text = at &+ 4 &+ UInt64(bitPattern: Int64(unsafe entry[1]))
      if isText(text, name) {
        return KernelExport(address: at &+ UInt64(bitPattern: Int64(unsafe entry[0])))
      }
      at &+= 8
    }
    return nil
  }

  private static func isText(_ address: UInt64, _ name: ByteString) -> Bool {
    // SAFETY: a name of the table ends with a zero.
    let text = unsafe UnsafePointer<UInt8>(bitPattern: UInt(address)).unsafelyUnwrapped
    for index in 0..<name.count {
      guard unsafe text[index] == name[index] else { return false }
    }
    return unsafe text[name.count] == 0
  }

  /// Puts a message of the loader's into the log, a record a line.
  static func log(_ level: Int, _ text: ByteString) {
    var line = LogLine()
    unsafe line.append(bytes: text.bytes)
    line.send(LogLevel(rawValue: UInt8(truncatingIfNeeded: level & 7)) ?? .byDefault)
  }
}
