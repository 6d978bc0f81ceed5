import Foundation
import Glibc
import PTMalloc

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

  struct Failure: Error {}

  /// `KILBURN_MALLOC_GLIBC=2.41:FOLDER` holds the streams to another release, whose libc.so.6 and
  /// dynamic linker that folder has.
  static let other: (version: GlibcVersion, folder: String)? = {
    let words = ProcessInfo.processInfo.environment["KILBURN_MALLOC_GLIBC"]?.split(
      separator: ":", maxSplits: 1)
    guard let words, words.count == 2,
      let version = GlibcVersion.allCases.first(where: { "2.\($0.rawValue)" == words[0] })
    else { return nil }
    return (version, String(words[1]))
  }()

  static let stream = Result {
    guard let other else { return try build("stream", "-DHAS_MALLINFO2 -pthread") }
    // Linked with that library itself, so that it need not have the symbols of this one's.
    let start = "/usr/lib/x86_64-linux-gnu", folder = other.folder
    let threads = other.version < .v2_36 ? "\(folder)/libpthread.so.0" : "-DHAS_MALLINFO2"
    let linker = "\(folder)/ld-linux-x86-64.so.2"
    return try build(
      "stream",
      "-nostdlib -nostartfiles -no-pie \(start)/crt1.o \(start)/crti.o \(folder)/libc.so.6 "
        + "\(threads) \(linker) -Wl,--dynamic-linker=\(linker) -Wl,-rpath,\(folder) "
        + "-Wl,--no-as-needed", last: "\(start)/crtn.o")
  }
  static let corrupt = Result { try build("corrupt", "-pthread") }
  /// The generator of streams as a library of this process.
  static let twin = Result { try build("stream", "-DTWIN -shared -fPIC", as: "twin.so") }

  private static func build(
    _ name: String, _ options: String, as output: String? = nil, last: String = ""
  ) throws -> URL {
    let place = FileManager.default.temporaryDirectory.appending(
      path: "malloc-driver-\(getpid())")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let program = place.appending(path: output ?? name)
    // The programs do to memory what a compiler would rather warn of, or leave out.
    let status = unsafe system(
      "cc -O1 -w -fno-builtin -o \(program.path) \(folder.path)/\(name).c \(options) \(last)")
    guard status == 0 else { throw Failure() }
    return program
  }
}
