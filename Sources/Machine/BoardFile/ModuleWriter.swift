import BoardFormat
import Glibc
import MemoryTypes

/// Lays the modules of `--module` out for the kernel.
enum ModuleWriter {
  /// The bytes of the area; none without modules.
  static func area(_ modules: [ModuleToLoad]) throws(MachineError) -> [UInt8] {
    guard !modules.isEmpty else { return [] }
    var bytes: [UInt8] = []
    for module in modules {
      guard let status = HostFile.status(module.path, following: true), status.isRegular else {
        throw .usage("--module \(module.path): there is no such file")
      }
      guard status.size <= 64 << 20 else {
        throw .usage("--module \(module.path): it is larger than 64M")
      }
      let file = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Int(status.size), alignment: 16)
      defer { unsafe file.deallocate() }
      try unsafe HostFile.read(module.path, into: file)
      let name = Array(module.name.utf8)
      let parameters = Array(module.parameters.utf8)
      var record = ModuleRecord()
      record.fileLength = UInt64(file.count)
      record.nameLength = UInt32(name.count)
      record.parameterLength = UInt32(parameters.count)
      let start = bytes.count
      append(record, to: &bytes)
      bytes += name + parameters
      bytes += Array(repeating: 0, count: start + Int(record.fileOffset) - bytes.count)
      unsafe bytes.append(contentsOf: file)
      bytes += Array(repeating: 0, count: start + Int(record.stride) - bytes.count)
    }
    append(ModuleRecord(), to: &bytes)
    return bytes
  }

  private static func append(_ record: ModuleRecord, to bytes: inout [UInt8]) {
    bytes += unsafe withUnsafeBytes(of: record) { unsafe Array($0) }
  }
}
