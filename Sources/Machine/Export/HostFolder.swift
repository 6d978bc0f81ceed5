import Glibc

/// A folder of the host by descriptor, and what is done in it: by one name at a time, never through
/// a link.
final class HostFolder {
  let descriptor: Int32
  /// For messages.
  let path: String

  init(_ descriptor: Int32, _ path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// The path of something in it, for messages.
  func path(of name: [UInt8]) -> String {
    name.isEmpty ? path : GuestPath.joined(path, String(decoding: name, as: UTF8.self))
  }

  func status(_ name: [UInt8]) -> stat? {
    var status = stat()
    let result = unsafe Self.with(name) { name in
      unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW)
    }
    return result == 0 ? status : nil
  }

  /// A folder in it, which must be one itself and no link to one.
  func folder(_ name: [UInt8]) -> HostFolder? {
    let opened = unsafe Self.with(name) { name in
      unsafe openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    return opened < 0 ? nil : HostFolder(opened, path(of: name))
  }

  /// Makes a folder that only the owner may use so far.
  func makeFolder(_ name: [UInt8]) -> Bool {
    unsafe Self.with(name) { unsafe mkdirat(descriptor, $0, 0o700) } == 0
  }

  /// Makes a file that is not there yet and opens it for writing; negative for an error.
  func makeFile(_ name: [UInt8]) -> Int32 {
    unsafe Self.with(name) { name in
      unsafe openat(
        descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(0o600))
    }
  }

  func makeLink(_ name: [UInt8], to target: [UInt8]) -> Bool {
    unsafe Self.with(name) { name in
      unsafe Self.with(target) { target in unsafe symlinkat(target, descriptor, name) }
    } == 0
  }

  func link(_ name: [UInt8], from other: HostFolder, _ old: [UInt8]) -> Bool {
    unsafe Self.with(name) { name in
      unsafe Self.with(old) { old in unsafe linkat(other.descriptor, old, descriptor, name, 0) }
    } == 0
  }

  func rename(_ old: [UInt8], to other: HostFolder, _ name: [UInt8]) -> Bool {
    unsafe Self.with(name) { name in
      unsafe Self.with(old) { old in unsafe renameat(descriptor, old, other.descriptor, name) }
    } == 0
  }

  func remove(_ name: [UInt8], isFolder: Bool = false) -> Bool {
    unsafe Self.with(name) { name in
      unsafe unlinkat(descriptor, name, isFolder ? AT_REMOVEDIR : 0)
    } == 0
  }

  /// What a link says.
  func target(_ name: [UInt8]) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let room = bytes.count
    let count = unsafe Self.with(name) { name in
      unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe readlinkat(
          descriptor, name,
          buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self), room)
      }
    }
    return count < 0 ? nil : Array(bytes[..<count])
  }

  /// Sets a name's permissions; of a link there are none.
  func setMode(_ name: [UInt8], _ mode: UInt32) -> Bool {
    unsafe Self.with(name) { unsafe fchmodat(descriptor, $0, mode_t(mode), 0) } == 0
  }

  /// Sets when something was changed last; when it was read stays.
  func setTime(_ name: [UInt8], _ seconds: Int64, _ nanoseconds: Int64) -> Bool {
    var times = [
      timespec(tv_sec: 0, tv_nsec: 0x3fff_fffe),
      timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)),
    ]
    return unsafe Self.with(name) { name in
      unsafe utimensat(descriptor, name, &times, AT_SYMLINK_NOFOLLOW)
    } == 0
  }

  private static func with<T>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> T) -> T {
    unsafe (name + [0]).withUnsafeBytes { bytes in
      unsafe body(bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self))
    }
  }
}
