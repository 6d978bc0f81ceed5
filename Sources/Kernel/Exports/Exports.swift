import Files
import KernelAssembly
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

  /// Puts a message into the log.
  static func log(_ level: Int, _ text: ByteString) {
    var line = LogLine("")
    var start = 0
    for index in 0...text.count {
      guard index == text.count || text[index] == 0x0a else {
        line.add(byte: text[index])
        continue
      }
      if index > start {
        line.send()
        line = LogLine("")
      }
      start = index &+ 1
    }
  }
}
