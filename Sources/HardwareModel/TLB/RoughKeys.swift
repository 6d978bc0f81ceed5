/// How many entries of a TLB have keys with a hash: what has none is not held.
///
/// A miss of a TLB of 48 ways would look at all of them, once for each size that is held. Exact, as
/// entries that have a key's hash are only a reason to look.
///
/// SAFETY: the buffer lives as long as this value, and a hash is below its size.
@safe struct RoughKeys: ~Copyable {
  private let counts: UnsafeMutablePointer<Int32>?
  private static var size: Int { 1024 }

  init(isUsed: Bool) {
    guard isUsed else {
      unsafe counts = nil
      return
    }
    let buffer = UnsafeMutablePointer<Int32>.allocate(capacity: Self.size)
    unsafe buffer.initialize(repeating: 0, count: Self.size)
    unsafe counts = unsafe buffer
  }

  deinit { unsafe counts?.deallocate() }

  /// Address spaces are not told apart: an entry may be for all of them.
  @inline(__always) private static func hash(_ key: UInt64) -> Int {
    let place = key & ~(TLBKey.asidMask | TLBKey.global)
    return Int(truncatingIfNeeded: (place &* 0x9e37_79b9_7f4a_7c15) &>> 54)
  }

  @inline(__always) func mayHold(_ key: UInt64) -> Bool {
    guard let counts = unsafe counts else { return true }
    return unsafe counts[Self.hash(key)] != 0
  }

  @inline(__always) func add(_ key: UInt64, _ change: Int32) {
    guard let counts = unsafe counts else { return }
    unsafe counts[Self.hash(key)] &+= change
  }
}
