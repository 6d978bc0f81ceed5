import Glibc

/// How much of a file has been read, in bytes as they are on disk.
package struct TraceProgress: Equatable, Sendable {
  package var done: UInt64
  /// Nil where nobody knows, as of a pipe.
  package var total: UInt64?

  package init(done: UInt64, total: UInt64?) {
    self.done = done
    self.total = total
  }

  /// Of an open file.
  package init(descriptor: Int32) {
    var status = stat()
    let place = lseek(descriptor, 0, SEEK_CUR)
    let isFile = unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    done = UInt64(max(0, place))
    total = isFile && place >= 0 ? UInt64(max(0, status.st_size)) : nil
  }
}
