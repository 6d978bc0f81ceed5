import Glibc

/// A folder, or a file, of the host that the guest may change: opened before the guest runs, so
/// that nothing that happens to its path meanwhile leads elsewhere.
final class BoundFolder {
  /// What the command line called it.
  let host: String
  /// Its path in the guest.
  let guest: String
  /// The folder; for a bound file the one that it is in.
  let descriptor: Int32
  /// The file's name, where a file is bound.
  let fileName: String?

  init(_ bind: Bind) throws(MachineError) {
    host = bind.host
    guest = GuestPath.normalized(bind.guest)
    guard let status = HostFile.status(bind.host, following: true) else {
      throw .failure("\(bind.host): \(HostFile.reason())")
    }
    if status.isFolder {
      fileName = nil
      descriptor = unsafe open(bind.host, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    } else {
      guard let path = unsafe realpath(bind.host, nil) else {
        throw .failure("\(bind.host): \(HostFile.reason())")
      }
      defer { unsafe free(path) }
      let real = unsafe String(cString: path)
      fileName = GuestPath.name(of: real)
      descriptor = unsafe open(GuestPath.parent(of: real), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw .failure("\(bind.host): \(HostFile.reason())") }
    // As a program of the same user could: better before the run than after it.
    guard unsafe faccessat(descriptor, fileName ?? ".", W_OK, 0) == 0 else {
      let reason = HostFile.reason()
      close(descriptor)
      throw .failure("--bind \(bind.host):\(bind.guest):rw: \(reason)")
    }
  }

  deinit { close(descriptor) }
}

/// What was bound, as the guest got it: names, kinds, times, and where each file's bytes are.
struct OriginalNode {
  var isFolder = false
  var isRegular = false
  /// The names on the way from the top.
  var path: [[UInt8]]
  var permissions: UInt32
  var seconds: Int64
  /// The place of its bytes in the archive, and how many.
  var data: UInt64
  var size: UInt64
}
