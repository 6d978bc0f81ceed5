public import MemoryTypes

/// A value that stays at its place for ever.
public func kept<T: ~Copyable>(_ value: consuming T) -> KernelPointer<T> {
  let place = UnsafeMutablePointer<T>.allocate(capacity: 1)
  unsafe place.initialize(to: value)
  return unsafe KernelPointer(place)
}

/// Bytes that stay for ever.
public func keptBytes(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
  let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
  unsafe copy.copyBytes(from: bytes)
  return UnsafeRawBufferPointer(copy)
}

/// What a throwing call ends with: nil, or the error.
public func errno(_ body: () throws -> Void) -> Errno? {
  do {
    try body()
    return nil
  } catch {
    return error as? Errno
  }
}
