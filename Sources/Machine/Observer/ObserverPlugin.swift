import Glibc
import ProcessLaunch

/// The library that QEMU loads to show every access to the hardware model, and where one is looked
/// for.
package struct ObserverPlugin: Sendable {
  /// The variable that names one.
  static let variable = "KILBURN_OBSERVER"
  static let file = "libKilburnObserver.so"
  /// The first QEMU whose plugin interface is another one.
  static let tooNew = Emulator.Version(major: 9, minor: 0)

  package let path: String

  /// The one that `KILBURN_OBSERVER` names, or else the one beside the tool.
  package init() throws(MachineError) {
    if let path = Environment.value(of: Self.variable) {
      guard HostFile.status(path, following: true) != nil else {
        throw .failure("\(Self.variable): there is no \(path)")
      }
      self.path = path
      return
    }
    let places = HostFile.target(of: "/proc/self/exe").map {
      [GuestPath.joined(GuestPath.parent(of: $0), Self.file)]
    }
    let found = (places ?? []).first { HostFile.status($0, following: true) != nil }
    guard let found else {
      throw .failure(
        "there is no observer (\(Self.file)) beside the tool",
        hint: "'make tool' builds both, \(Self.variable) names another")
    }
    path = found
  }

  /// Refuses a QEMU that would not load it.
  func check(_ version: Emulator.Version) throws(MachineError) {
    guard version >= Self.tooNew else { return }
    throw .failure(
      "QEMU \(version) has another plugin interface than the observer is built for",
      hint: "--observe works with QEMU \(Emulator.oldest) to 8.2; KILBURN_QEMU names one")
  }
}

/// The file in which the tool and the observer talk, for one run.
package final class ObserverFile: Sendable {
  package let descriptor: Int32

  /// An empty file without a name.
  package init() throws(MachineError) {
    descriptor = unsafe kilburn_memory_file("kilburn-observer")
    guard descriptor >= 0 else {
      throw .failure("no memory file for the observer: \(HostFile.reason(-descriptor))")
    }
  }

  deinit { close(descriptor) }

  /// Puts bytes at its start.
  func write(_ bytes: [UInt8]) throws(MachineError) {
    guard unsafe pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
      throw .failure("the observer's file: \(HostFile.reason())")
    }
  }

  /// All that is behind an offset.
  package func contents(from offset: Int) -> [UInt8] {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_size > offset else { return [] }
    let length = Int(status.st_size) - offset
    return unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      while count < length {
        let got = unsafe pread(descriptor, start + count, length - count, off_t(offset + count))
        guard got > 0 else { break }
        count += got
      }
    }
  }
}

/// What a run is observed with.
package struct ObserverSetup: Sendable {
  package var plugin: ObserverPlugin
  package var file: ObserverFile
  /// Makes the request of what is known only when the board file is laid out.
  package var request: @Sendable (Places) -> [UInt8]

  package init(
    plugin: ObserverPlugin, file: ObserverFile, request: @escaping @Sendable (Places) -> [UInt8]
  ) {
    self.plugin = plugin
    self.file = file
    self.request = request
  }

  /// Where the machine's memory is, and the emulator's descriptors for it.
  package struct Places: Sendable {
    package var ramStart: UInt64
    package var ramLength: UInt64
    package var boardLength: UInt64
    package var ramFile: Int32
    package var boardFile: Int32
  }
}
