// Fuzzes heap inspection: any bytes as a core, and any bytes as a heap whose arena is whole but for
// some words. Whatever they are, inspecting ends with a report, whose stretches cover the heap, or a
// named error. `Fuzz/run-heaps` builds and starts it.

import HeapInspection

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 64 else { return 0 }
  let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
  do throws(HeapError) {
    if bytes[0] & 1 == 0 {
      try unsafe withFuzzedFile(UnsafeBufferPointer(start: data + 1, count: size - 1)) {
        (path) throws(HeapError) in
        try inspect(CoreMemory(MappedBytes(path), files: BackingFiles(root: nil)))
      }
    } else {
      try inspect(MadeHeap(bytes))
    }
  } catch { precondition(!"\(error)".isEmpty) }
  return 0
}

func inspect(_ memory: any MemorySource) throws(HeapError) {
  let report = try HeapInspector(memory).inspect()
  for arena in report.arenas { precondition(arena.bytes.reduce(0, &+) == arena.span) }
  precondition(!report.mallocInfo.isEmpty)
}

/// A process of two regions: a library's data with an arena in it, and a heap of the fuzzer's bytes.
final class MadeHeap: MemorySource {
  let title = "made"
  let regions: [MemoryRegion]
  let isRacy = false
  let pageSize: UInt64 = 4096
  let capacity: UInt64 = 1 << 24
  private var data: UnsafeMutableRawBufferPointer
  private var heap: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    let (library, start): (UInt64, UInt64) = (0x7f00_0000_0000, 0x5500_0000_0000)
    let patches = bytes[1..<41]
    let content = bytes[41...]
    let length = (content.count + 4095 + 4096) & ~4095
    data = .allocate(byteCount: 8192, alignment: 16)
    heap = .allocate(byteCount: length, alignment: 16)
    data.initializeMemory(as: UInt8.self, repeating: 0)
    heap.initializeMemory(as: UInt8.self, repeating: 0)
    heap.copyBytes(from: content)
    regions = [
      MemoryRegion(start: start, end: start + UInt64(length), name: "[heap]"),
      MemoryRegion(start: library, end: library + 8192, name: "/libc.so.6"),
    ]
    let arena = library + 256
    func put(_ offset: Int, _ value: UInt64) {
      data.storeBytes(of: value, toByteOffset: 256 + offset, as: UInt64.self)
    }
    for bin in 1..<128 {
      put(96 + 16 * bin, arena + UInt64(80 + 16 * bin))
      put(104 + 16 * bin, arena + UInt64(80 + 16 * bin))
    }
    let top = content.count & ~15
    heap.storeBytes(of: UInt64(length - top) | 1, toByteOffset: top + 8, as: UInt64.self)
    put(96, start + UInt64(top))
    put(2160, arena)
    put(2184, UInt64(length))
    put(2192, UInt64(length))
    // Some words of the arena lead into the heap, or anywhere.
    for index in stride(from: patches.startIndex, to: patches.endIndex - 3, by: 4) {
      let word = Int(patches[index]) | Int(patches[index + 1]) << 8
      let value = UInt64(patches[index + 2]) << 4 | UInt64(patches[index + 3]) << 12
      if word != 0 { put(word % 275 * 8, start + value) }
    }
  }

  deinit {
    data.deallocate()
    heap.deallocate()
  }

  func window(at address: UInt64) throws(HeapError) -> MemoryWindow {
    guard let index = regions.index(at: address) else { throw .unmapped(address: address) }
    return MemoryWindow(
      start: regions[index].start, bytes: UnsafeRawBufferPointer(index == 0 ? heap : data))
  }

  func file(_ path: String) -> MappedBytes? { nil }
}
