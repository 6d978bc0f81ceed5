/// Bytes that grow at their end, with the numbers of the format.
@safe
package final class ByteBuffer {
  /// SAFETY: `capacity` bytes, owned; `count` of them are set.
  @usableFromInline package private(set) var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  package private(set) var count = 0

  package init(capacity: Int) {
    self.capacity = capacity
    unsafe bytes = .allocate(capacity: capacity)
  }

  deinit { unsafe bytes.deallocate() }

  package var raw: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: bytes, count: count)
  }

  package func removeAll() { count = 0 }

  /// Room for so many more bytes, which `set(count:)` then tells.
  package func room(_ more: Int) -> UnsafeMutablePointer<UInt8> {
    if count + more > capacity {
      capacity = (count + more) * 2
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      unsafe larger.initialize(from: bytes, count: count)
      unsafe bytes.deallocate()
      unsafe bytes = larger
    }
    return unsafe bytes + count
  }

  package func set(count: Int) {
    precondition(count >= 0 && count <= capacity)
    self.count = count
  }

  @inline(__always)
  package func append(_ byte: UInt8) {
    unsafe room(1).pointee = byte
    count &+= 1
  }

  /// Appends a number in groups of seven bits, least significant first.
  @inline(__always)
  package func append(number: UInt64) {
    let start = unsafe room(10)
    var at = unsafe start
    var rest = number
    while rest > 0x7f {
      unsafe at.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
      unsafe at += 1
      rest &>>= 7
    }
    unsafe at.pointee = UInt8(truncatingIfNeeded: rest)
    count &+= unsafe at - start + 1
  }

  /// Appends a number of fixed width, least significant byte first.
  package func append<T: FixedWidthInteger>(fixed number: T) {
    for shift in 0..<MemoryLayout<T>.size {
      append(UInt8(truncatingIfNeeded: number >> T(shift * 8)))
    }
  }

  package func append(_ text: some Sequence<UInt8>) {
    for byte in text { append(byte) }
  }

  /// Sets a number of fixed width that is there.
  package func set<T: FixedWidthInteger>(fixed number: T, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
    for byte in 0..<MemoryLayout<T>.size {
      unsafe bytes[offset + byte] = UInt8(truncatingIfNeeded: number >> T(byte * 8))
    }
  }

  /// Appends so many bytes.
  package func append(_ source: UnsafePointer<UInt8>, _ count: Int) {
    let target = unsafe room(count)
    unsafe target.update(from: source, count: count)
    self.count += count
  }

  /// Appends all of it to another.
  package func copy(to other: ByteBuffer) { unsafe other.append(bytes, count) }
}
