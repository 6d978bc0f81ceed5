import Glibc
import MemoryTypes

/// The few things asked of the host's files, by path.
package enum HostFile {
  /// A file's kind, permissions, size and time.
  struct Status {
    var mode: UInt32
    var size: UInt64
    var modified: UInt64

    var isFolder: Bool { mode & 0o170000 == 0o040000 }
    var isRegular: Bool { mode & 0o170000 == 0o100000 }
    var isLink: Bool { mode & 0o170000 == 0o120000 }
  }

  /// What stands at a path, or nil; a link itself unless it is to be followed.
  static func status(_ path: String, following: Bool) -> Status? {
    var status = stat()
    let result = unsafe following ? stat(path, &status) : lstat(path, &status)
    guard result == 0 else { return nil }
    return Status(
      mode: status.st_mode, size: UInt64(status.st_size),
      modified: UInt64(max(0, status.st_mtim.tv_sec)))
  }

  /// Whether a plain file stands at a path, links followed.
  package static func isRegular(_ path: String) -> Bool {
    status(path, following: true)?.isRegular == true
  }

  /// Whether it is a file that may be executed.
  static func isProgram(_ path: String) -> Bool {
    guard status(path, following: true)?.isRegular == true else { return false }
    return unsafe access(path, X_OK) == 0
  }

  /// The program of that name in the folders of `PATH`.
  static func inPath(_ name: String) -> String? {
    (Environment.value(of: "PATH") ?? "/usr/bin:/bin").split(separator: ":")
      .map { GuestPath.joined(String($0), name) }.first(where: isProgram)
  }

  /// The names in a folder, sorted by their bytes.
  package static func names(in folder: String) throws(MachineError) -> [String] {
    guard let stream = unsafe opendir(folder) else {
      throw .failure("\(folder): \(reason())")
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(validatingCString: $0)
        }
      }
      guard let name else { throw .failure("\(folder): the name of a file in it is not UTF-8") }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// What a link says.
  static func target(of link: String) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let length = unsafe readlink(link, base, 4096)
      guard length > 0 else { return nil }
      unsafe buffer[length] = 0
      return unsafe String(validatingCString: base)
    }
  }

  /// Fills `bytes` from the file's start; what the file does not have is left as it is.
  static func read(_ path: String, into bytes: UnsafeMutableRawBufferPointer)
    throws(MachineError)
  {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .failure("\(path): \(reason())") }
    defer { close(file) }
    guard unsafe readAll(file, into: bytes) != nil else { throw .failure("\(path): \(reason())") }
  }

  /// Up to `limit` bytes of a file's start.
  package static func start(of path: String, limit: Int) throws(MachineError) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .failure("\(path): \(reason())") }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe readAll(file, into: $0) }
    guard let count else { throw .failure("\(path): \(reason())") }
    return Array(bytes[..<count])
  }

  /// A file's bytes; nil where it cannot be read or is longer than `limit`.
  package static func contents(of path: String, limit: UInt64) -> [UInt8]? {
    guard let size = status(path, following: true)?.size, size <= limit else { return nil }
    return try? start(of: path, limit: Int(size))
  }

  /// The bytes of a file whose size nobody knows before, as those of `/proc`; an error where they
  /// are more than `limit`.
  package static func everything(at path: String, limit: Int) throws(MachineError) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .failure("\(path): \(reason())") }
    defer { close(file) }
    guard let bytes = try everything(from: file, called: path, limit: limit) else {
      throw .failure("\(path): it is longer than \(ByteCount(UInt64(limit)))")
    }
    return bytes
  }

  /// Everything that can be read from a descriptor, or nil where that is more than `limit` bytes.
  package static func everything(
    from descriptor: Int32, called name: String = "standard input", limit: Int
  ) throws(MachineError) -> [UInt8]? {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe piece.withUnsafeMutableBytes { unsafe readAll(descriptor, into: $0) }
      guard let count else { throw .failure("\(name): \(reason())") }
      if count == 0 { return bytes }
      guard bytes.count + count <= limit else { return nil }
      bytes += piece[..<count]
    }
  }

  /// Reads until the buffer is full or the file ends; nil on an error.
  private static func readAll(_ file: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int? {
    var done = 0
    while done < bytes.count {
      let place = unsafe bytes.baseAddress.map { unsafe $0 + done }
      let count = unsafe Glibc.read(file, place, bytes.count - done)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// What an errno says in words.
  package static func reason(_ error: Int32 = errno) -> String {
    unsafe strerror(error).map { unsafe String(cString: $0) } ?? "error \(error)"
  }
}
