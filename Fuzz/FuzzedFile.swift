// A fuzzer's bytes as a file, for readers that take paths.

import Glibc

private let path = "/dev/shm/kilburn-fuzz-\(getpid())"

/// Calls `body` with the path of a file of these bytes, which is gone afterwards.
func withFuzzedFile<E: Error>(
  _ bytes: UnsafeBufferPointer<UInt8>, _ body: (String) throws(E) -> Void
) throws(E) {
  let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  precondition(file >= 0)
  defer {
    close(file)
    unlink(path)
  }
  let written = unsafe write(file, bytes.baseAddress, bytes.count)
  precondition(written == bytes.count)
  try body(path)
}
