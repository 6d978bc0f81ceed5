import MemoryTypes

/// Where stacks are kept, each one once: lib/stackdepot.c.
///
/// An object's metadata has room for two numbers of 32 bits, not for a stack; most objects are made
/// at few places. So a stack is a number here, the same number whenever the same stack comes.
///
/// Memory of its own, given at the start:
/// ```
///   table    a word a bucket: the first record of its chain, 0 for none
///   records  hash 32, next 32, count 64, the addresses
/// ```
/// A record's number is its index in words of 8 from the start; 0 is none. When the memory is used
/// up, a stack that is not there yet gets no number, as in Linux.
///
/// To be guarded by a lock of its own when there are processors that could save at the same time.
@safe public struct StackDepot {
  let words: UnsafeMutablePointer<UInt64>
  let capacity: UInt32
  let buckets: UInt32
  /// The first word that no record has.
  public private(set) var used: UInt32
  /// The records.
  public private(set) var count: UInt32 = 0

  /// The deepest stack that is kept (KASAN_STACK_DEPTH).
  public static var depth: Int { 64 }

  /// Makes one in memory of zeros, aligned to 8.
  ///
  /// Unsafe: the memory must stay, and be this depot's alone.
  @unsafe public init(memory: UnsafeMutableRawBufferPointer) {
    let count = UInt32(clamping: memory.count / 8)
    precondition(count >= 1024)
    unsafe words = memory.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self)
    capacity = count
    // A sixteenth for the table, a power of two.
    buckets = 1 &<< (31 &- UInt32((count / 16).leadingZeroBitCount))
    used = buckets
  }

  /// The number of a stack (`stack_depot_save()`); 0 if there is no room for a new one.
  public mutating func save(_ stack: borrowing StackTrace) -> UInt32 {
    guard stack.count > 0 else { return 0 }
    let hash = stack.hash
    let bucket = Int(hash & (buckets &- 1))
    var at = unsafe UInt32(truncatingIfNeeded: words[bucket])
    while at != 0 {
      let head = unsafe words[Int(at)]
      if UInt32(truncatingIfNeeded: head) == hash, matches(at, stack) { return at }
      at = UInt32(truncatingIfNeeded: head &>> 32)
    }
    let length = UInt32(stack.count) &+ 2
    guard capacity &- used >= length else { return 0 }
    let new = used
    used &+= length
    count &+= 1
    // SAFETY: the words from `new` on are there and no record's.
    unsafe words[Int(new)] = UInt64(hash) | words[bucket] &<< 32
    unsafe words[Int(new) &+ 1] = UInt64(stack.count)
    for index in 0..<stack.count { unsafe words[Int(new) &+ 2 &+ index] = stack[index] }
    unsafe words[bucket] = UInt64(new)
    return new
  }

  private func matches(_ record: UInt32, _ stack: borrowing StackTrace) -> Bool {
    guard unsafe words[Int(record) &+ 1] == UInt64(stack.count) else { return false }
    for index in 0..<stack.count where unsafe words[Int(record) &+ 2 &+ index] != stack[index] {
      return false
    }
    return true
  }

  /// The addresses of a stack, innermost first.
  public func forEachAddress(of handle: UInt32, _ body: (UInt64) -> Void) {
    guard handle >= buckets, handle < used else { return }
    let count = unsafe min(words[Int(handle) &+ 1], UInt64(used &- handle))
    for index in 0..<Int(count) { unsafe body(words[Int(handle) &+ 2 &+ index]) }
  }
}

/// Return addresses, innermost first.
public struct StackTrace: ~Copyable {
  let resident = Resident()
  private var addresses: InlineArray<64, UInt64> = .init(repeating: 0)
  public private(set) var count = 0

  public init() {}

  /// Adds a caller; false once there is no room for more.
  @discardableResult
  public mutating func append(_ address: UInt64) -> Bool {
    guard count < StackDepot.depth else { return false }
    addresses[count] = address
    count &+= 1
    return true
  }

  public subscript(_ index: Int) -> UInt64 { addresses[index] }

  var hash: UInt32 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<count { hash = (hash ^ addresses[index]) &* 0x0000_0100_0000_01b3 }
    return UInt32(truncatingIfNeeded: hash ^ hash &>> 32)
  }
}
