import Glibc
import MemoryTypes
import PTMalloc

/// An allocator on a buffer of this process, for tests.
@safe final class TestHeap {
  // SAFETY: the buffer is unmapped when nothing can reach the allocator any more.
  var malloc: PTMalloc<HeapWindow>
  private let buffer: UnsafeMutableRawBufferPointer

  /// A window of `size` bytes whose mappings end below `top`, the break beginning at an address
  /// whose low 26 bits are `breakBits`.
  init(
    size: UInt64 = 16 << 30, top: UInt64 = 0x7fff_f7ff_0000, breakBits: UInt64 = 0,
    _ environment: MallocEnvironment = MallocEnvironment(),
    _ tunables: MallocTunables = MallocTunables()
  ) throws {
    let length = Int(size + HeapWindow.tableSize)
    let base = unsafe mmap(
      nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    let buffer = unsafe UnsafeMutableRawBufferPointer(start: base, count: length)
    unsafe self.buffer = unsafe buffer
    let window = unsafe HeapWindow(
      over: buffer, at: VirtualAddress(top - size), pageSize: environment.pageSize,
      breakOffset: 0x1_0000 + (breakBits &- (top - size + 0x1_0000)) & 0x3ff_ffff)
    malloc = try PTMalloc(
      on: window, mainArena: window.mainArena, parameters: window.parameters,
      environment: environment, tunables: tunables)
  }

  deinit { _ = unsafe munmap(buffer.baseAddress, buffer.count) }
}

/// A text in memory.
struct TextSink: MallocTextSink {
  var bytes: [UInt8] = []
  mutating func write(_ byte: UInt8) { bytes.append(byte) }
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// As the driver records it (Tests/MallocDriver/stream.h).
  var digest: UInt64 {
    bytes.reduce(UInt64(bytes.count)) { StreamDigest.mix($0, UInt64($1)) }
  }
}

/// What a recording says of the records that it does not hold (Tests/MallocDriver/stream.h).
struct StreamDigest {
  var value: UInt64 = 0

  static func mix(_ digest: UInt64, _ word: UInt64) -> UInt64 {
    let product = (digest ^ word) &* 0x9e37_79b9_7f4a_7c15
    return product ^ product >> 29
  }

  mutating func add(_ call: RecordedCall) {
    let first = UInt64(call.kind) | UInt64(call.thread) << 8 | UInt64(call.error) << 16
    for word in [first, call.a, call.b, call.c, call.d, call.result] {
      value = Self.mix(value, word)
    }
  }
}
