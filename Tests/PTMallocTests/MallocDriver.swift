import Foundation
import Glibc

/// The C programs that call the real malloc, built when first asked for.
enum MallocDriver {
  /// Whether this machine's C library is the one whose rules are tested.
  static let isOurVersion: Bool = {
    var name = [CChar](repeating: 0, count: 64)
    let length = unsafe confstr(Int32(_CS_GNU_LIBC_VERSION), &name, name.count)
    return String(decoding: name.prefix(max(length, 1) - 1).map(UInt8.init), as: UTF8.self)
      == "glibc 2.36"
  }()

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "MallocDriver")

  static let stream = Result { try build("stream") }
  static let corrupt = Result { try build("corrupt") }

  private static func build(_ name: String) throws -> URL {
    let place = FileManager.default.temporaryDirectory.appending(
      path: "malloc-driver-\(getpid())")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let program = place.appending(path: name)
    // The programs do to memory what a compiler would rather warn of, or leave out.
    let status = unsafe system(
      "cc -O1 -w -fno-builtin -DHAS_MALLINFO2 -pthread -o \(program.path) \(folder.path)/\(name).c")
    guard status == 0 else { throw CocoaError(.executableLoad) }
    return program
  }
}
