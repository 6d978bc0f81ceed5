/// One record of the C driver (Tests/MallocDriver/stream.h): a call of a malloc function, or a
/// system call that one made.
struct RecordedCall {
  var kind: UInt8 = 0
  var thread: UInt8 = 0
  var error: UInt16 = 0
  var sequence: UInt32 = 0
  var a: UInt64 = 0
  var b: UInt64 = 0
  var c: UInt64 = 0
  var d: UInt64 = 0
  var result: UInt64 = 0

  enum Kind: UInt8 {
    case start, malloc, free, calloc, realloc, memalign, posixMemalign, valloc, pvalloc, usable
    case mallopt, trim, info, sbrk, threadStart, threadExit, infoRest, end, death, alignedAlloc
    case reallocarray, textInfo, textStats
    case brk = 32
    case mmap, munmap, mremap, mprotect, madvise
  }

  var name: String { Kind(rawValue: kind).map { "\($0)" } ?? "?" }
}

extension RecordedCall: CustomStringConvertible {
  var description: String {
    let numbers = [a, b, c, d].map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
    return "#\(sequence) thread \(thread) \(name)(\(numbers)) = 0x\(String(result, radix: 16))"
  }
}
