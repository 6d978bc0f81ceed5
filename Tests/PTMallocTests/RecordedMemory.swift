import Glibc
import MemoryTypes
import PTMalloc

/// A process's memory at the addresses of a recording, whose system calls are answered from it.
///
/// A call that the recording does not have next is a mismatch, which the stream reports.
@safe struct RecordedMemory: HeapMemory {
  // SAFETY: two reservations that live as long as the stream; accesses are checked against both.
  private let breakArea: UnsafeMutableRawPointer
  private let mapArea: UnsafeMutableRawPointer
  private let pending: UnsafeMutablePointer<RecordedCall>
  private let breakBase: UInt64
  private let mapBase: UInt64
  private(set) var pendingCount = 0
  /// How many of them were made.
  private(set) var pendingNext = 0
  private let pageMask: UInt64
  private(set) var mismatch: String?

  static let breakSize: UInt64 = 16 << 30
  static let mapSize: UInt64 = 48 << 30
  static let pendingCapacity = 1 << 16
  /// Room for the C library's data below the break.
  static let staticSize: UInt64 = 0x1_0000

  init(breakStart: UInt64, near: UInt64, pageSize: UInt64) {
    func reserve(_ size: UInt64) -> UnsafeMutableRawPointer {
      let area = unsafe Glibc.mmap(
        nil, Int(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      return unsafe area.unsafelyUnwrapped
    }
    unsafe breakArea = reserve(Self.breakSize)
    unsafe mapArea = reserve(Self.mapSize)
    unsafe pending = .allocate(capacity: Self.pendingCapacity)
    breakBase = (breakStart & ~0xffff) - Self.staticSize
    mapBase = (near & ~0xffff) + (1 << 30) - Self.mapSize
    pageMask = pageSize - 1
  }

  func release() {
    unsafe Glibc.munmap(breakArea, Int(Self.breakSize))
    unsafe Glibc.munmap(mapArea, Int(Self.mapSize))
    unsafe pending.deallocate()
  }

  var mainArena: VirtualAddress { VirtualAddress(breakBase + 0x100) }
  var parameters: VirtualAddress { VirtualAddress(breakBase + 0x1000) }

  // MARK: The recording

  /// A system call that the next call of the stream made.
  mutating func expect(_ call: RecordedCall) {
    guard pendingCount < Self.pendingCapacity else { return fail("too many system calls") }
    unsafe pending[pendingCount] = call
    pendingCount += 1
  }

  /// After a call of the stream: all its system calls were made.
  mutating func finish() {
    if pendingNext < pendingCount { fail("not made: \(unsafe pending[pendingNext])") }
    pendingCount = 0
    pendingNext = 0
  }

  /// Where the call did not return: what printed the message may have asked for memory for it.
  mutating func finishDeath() {
    if pendingNext < pendingCount, case let call = unsafe pending[pendingNext],
      call.kind == RecordedCall.Kind.mmap.rawValue, call.a == 0
    {
      pendingNext += 1
    }
    finish()
  }

  mutating func fail(_ text: String) { if mismatch == nil { mismatch = text } }

  private mutating func answer(
    _ kind: RecordedCall.Kind, _ a: UInt64, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0,
    arguments: Int
  ) -> UInt64 {
    let made = RecordedCall(kind: kind.rawValue, a: a, b: b, c: c, d: d)
    guard pendingNext < pendingCount else {
      fail("the recording has no \(made)")
      return 0
    }
    let call = unsafe pending[pendingNext]
    pendingNext += 1
    let isSame =
      call.kind == made.kind && call.a == a && (arguments < 2 || call.b == b)
      && (arguments < 3 || call.c == c) && (arguments < 4 || call.d == d)
    if !isSame { fail("made \(made), recorded \(call)") }
    return call.result
  }

  // MARK: Bytes

  @inline(__always)
  private func pointer(_ address: UInt64, _ size: UInt64) throws(HeapAbort)
    -> UnsafeMutableRawPointer
  {
    let inBreak = address &- breakBase
    if inBreak < Self.breakSize &- size { return unsafe breakArea + Int(inBreak) }
    let inMap = address &- mapBase
    if inMap < Self.mapSize &- size { return unsafe mapArea + Int(inMap) }
    throw .fault(address)
  }

  func load<Value: FixedWidthInteger & BitwiseCopyable>(
    at address: UInt64, as type: Value.Type
  ) -> Value? {
    unsafe (try? pointer(address, 8))?.loadUnaligned(as: Value.self)
  }

  mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, at address: UInt64
  ) -> Bool {
    guard let place = unsafe try? pointer(address, 8) else { return false }
    unsafe place.storeBytes(of: value, as: Value.self)
    return true
  }

  func span(at address: UInt64, _ length: UInt64) -> HeapSpan? {
    guard let place = unsafe try? pointer(address, length) else { return nil }
    return unsafe HeapSpan(place)
  }

  mutating func fill(
    at address: UInt64, length: UInt64, with value: UInt8
  ) throws(HeapAbort) {
    // What the program sees of its own bytes is not compared; large fills only cost memory.
    let length = min(length, 4096)
    unsafe try pointer(address, length).initializeMemory(
      as: UInt8.self, repeating: value, count: Int(length))
  }
  mutating func copy(
    from source: UInt64, to destination: UInt64, length: UInt64
  ) throws(HeapAbort) {}

  private func discard(_ address: UInt64, _ end: UInt64) {
    let first = (address + pageMask) & ~pageMask
    guard first < end, let start = unsafe try? pointer(first, end - first) else { return }
    unsafe _ = Glibc.madvise(start, Int(end - first), MADV_DONTNEED)
  }

  // MARK: System calls

  mutating func brk(_ address: UInt64) -> UInt64 {
    let result = answer(.brk, address, arguments: 1)
    if address != 0, result == address { discard(address, address + (1 << 20)) }
    return result
  }

  mutating func mmap(
    at hint: UInt64, length: UInt64, readWrite: Bool, flags: MapFlags
  ) -> UInt64? {
    let result = answer(
      .mmap, hint, length, readWrite ? 3 : 0, UInt64(flags.rawValue) | 0x22, arguments: 4)
    return result > 0 &- 4096 ? nil : result
  }

  mutating func munmap(at address: UInt64, length: UInt64) {
    _ = answer(.munmap, address, length, arguments: 2)
    discard(address, address + length)
  }

  mutating func mremap(at address: UInt64, length: UInt64, newLength: UInt64) -> UInt64? {
    let result = answer(.mremap, address, length, newLength, 1, arguments: 4)
    if result > 0 &- 4096 { return nil }
    if result != address, let old = unsafe try? pointer(address, length),
      let new = unsafe try? pointer(result, length)
    {
      // Only headers were ever written, at a page's start or, below an aligned address, at its end;
      // pages of zeros stay untouched.
      for offset in stride(from: 0, to: Int(min(length, newLength)), by: 4096)
      where [0, 8, 4080, 4088].contains(where: {
        unsafe (old + offset + $0).load(as: UInt64.self) != 0
      }) {
        unsafe (new + offset).copyMemory(from: old + offset, byteCount: 4096)
      }
      discard(address, address + length)
    } else if newLength < length {
      discard(address + newLength, address + length)
    }
    return result
  }

  mutating func mprotect(at address: UInt64, length: UInt64) -> Bool {
    answer(.mprotect, address, length, 3, arguments: 3) == 0
  }

  mutating func madvise(at address: UInt64, length: UInt64, _ advice: HeapAdvice) {
    _ = answer(.madvise, address, length, UInt64(advice.rawValue), arguments: 3)
    if advice == .dontNeed { discard(address, address + length) }
  }
}
