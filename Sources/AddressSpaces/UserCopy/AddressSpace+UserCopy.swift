import Arm64
public import MemoryTypes

/// Copying between the kernel and a program; EFAULT where the program may not.
extension AddressSpace {
  /// Copies a program's bytes to the kernel (`copy_from_user()`).
  public mutating func copyIn(
    _ address: VirtualAddress, to target: UnsafeMutableRawPointer, _ count: Int
  ) throws(Errno) {
    var done = 0
    let copied = try unsafe forEachPart(address, count, write: false) {
      bytes, length throws(Errno) in
      unsafe (target + done).copyMemory(from: bytes, byteCount: length)
      done &+= length
      return true
    }
    guard copied == count else { throw .EFAULT }
  }

  /// Copies the kernel's bytes to a program (`copy_to_user()`).
  ///
  /// What lies before an address that
  /// cannot be written has been written then.
  public mutating func copyOut(
    _ source: UnsafeRawPointer, to address: VirtualAddress, _ count: Int
  ) throws(Errno) {
    var done = 0
    let copied = try unsafe forEachPart(address, count, write: true) {
      bytes, length throws(Errno) in
      unsafe bytes.copyMemory(from: source + done, byteCount: length)
      done &+= length
      return true
    }
    guard copied == count else { throw .EFAULT }
  }

  /// A value at a user address (`get_user()`).
  @inline(__always)
  public mutating func copyIn<T: BitwiseCopyable>(
    _ type: T.Type, from address: VirtualAddress
  ) throws(Errno) -> T {
    let size = MemoryLayout<T>.size
    if address.offset(in: pageSize).rawValue &+ UInt64(size) <= pageSize.bytes.rawValue {
      guard isUserRange(address, size),
        let bytes = unsafe userPointer(address, write: false)
      else { throw .EFAULT }
      return unsafe bytes.loadUnaligned(as: T.self)
    }
    return try copyInAcross(type, from: address)
  }

  @inline(never)
  mutating func copyInAcross<T: BitwiseCopyable>(
    _ type: T.Type, from address: VirtualAddress
  ) throws(Errno) -> T {
    // No type that the calls use is larger, as no one of them spans two pages.
    guard MemoryLayout<T>.size <= 512 else { throw .EFAULT }
    var bytes: InlineArray<64, UInt64> = .init(repeating: 0)
    return try unsafe withUnsafeMutableBytes(of: &bytes) { buffer throws(Errno) in
      guard let base = buffer.baseAddress else { throw .EFAULT }
      try unsafe copyIn(address, to: base, MemoryLayout<T>.size)
      return unsafe base.loadUnaligned(as: T.self)
    }
  }

  /// Puts a value at a user address (`put_user()`).
  @inline(__always)
  public mutating func copyOut<T: BitwiseCopyable>(
    _ value: T, to address: VirtualAddress
  ) throws(Errno) {
    let size = MemoryLayout<T>.size
    if address.offset(in: pageSize).rawValue &+ UInt64(size) <= pageSize.bytes.rawValue {
      guard isUserRange(address, size), let bytes = unsafe userPointer(address, write: true)
      else { throw .EFAULT }
      unsafe withUnsafeBytes(of: value) { source in
        if let base = source.baseAddress { unsafe bytes.copyMemory(from: base, byteCount: size) }
      }
      return
    }
    try copyOutAcross(value, to: address)
  }

  @inline(never)
  mutating func copyOutAcross<T: BitwiseCopyable>(
    _ value: T, to address: VirtualAddress
  ) throws(Errno) {
    var value = value
    try unsafe withUnsafeMutableBytes(of: &value) { bytes throws(Errno) in
      guard let base = bytes.baseAddress else { return }
      try unsafe copyOut(base, to: address, bytes.count)
    }
  }

  /// Copies a string with its zero (`strncpy_from_user()`); the length without it.
  ///
  /// ENAMETOOLONG if
  /// there is no zero among the first `limit` bytes.
  public mutating func copyStringIn(
    _ address: VirtualAddress, to target: UnsafeMutableRawPointer, limit: Int
  ) throws(Errno) -> Int {
    var done = 0
    var ended = false
    // The range may end early: only what is read must be the program's.
    let room = accessEnd > address ? (accessEnd - address).rawValue : 0
    let count = Int(min(UInt64(max(limit, 0)), room))
    let copied = try unsafe forEachPart(address, count, write: false) {
      bytes, length throws(Errno) in
      var index = 0
      while index < length {
        let byte = unsafe bytes.load(fromByteOffset: index, as: UInt8.self)
        unsafe target.storeBytes(of: byte, toByteOffset: done, as: UInt8.self)
        if byte == 0 {
          ended = true
          return false
        }
        index &+= 1
        done &+= 1
      }
      return true
    }
    if ended { return done }
    guard copied == limit else { throw .EFAULT }
    throw .ENAMETOOLONG
  }

  /// Writes zeros (`clear_user()`).
  public mutating func clearOut(_ address: VirtualAddress, _ count: Int) throws(Errno) {
    let cleared = try unsafe forEachPart(address, count, write: true) {
      bytes, length throws(Errno) in
      unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0, count: length)
      return true
    }
    guard cleared == count else { throw .EFAULT }
  }

  /// Hands out a program's bytes page by page, for reading into or writing from, until `body` has
  /// had enough.
  ///
  /// The bytes handed out; EFAULT if that is none of those asked for.
  public mutating func withUserBytes(
    _ address: VirtualAddress, _ count: Int, write: Bool,
    _ body: (UnsafeMutableRawPointer, Int) throws(Errno) -> Bool
  ) throws(Errno) -> Int {
    try unsafe forEachPart(address, count, write: write, body)
  }

  @inline(__always)
  mutating func forEachPart(
    _ address: VirtualAddress, _ count: Int, write: Bool,
    _ body: (UnsafeMutableRawPointer, Int) throws(Errno) -> Bool
  ) throws(Errno) -> Int {
    guard isUserRange(address, count) else { throw .EFAULT }
    var at = address
    var left = count
    while left > 0 {
      let rest = Int(pageSize.bytes.rawValue &- at.offset(in: pageSize).rawValue)
      let part = min(left, rest)
      guard let bytes = unsafe userPointer(at, write: write) else {
        if left == count { throw .EFAULT }
        return count &- left
      }
      let goOn = try unsafe body(bytes, part)
      left &-= part
      at += ByteCount(UInt64(part))
      if !goOn { break }
    }
    return count &- left
  }
}
