/// Where the memory of one process comes from: a core, a live process, a machine that stands still.
///
/// Regions are in order and none overlap. A window is valid until the next one is asked for.
package protocol MemorySource: AnyObject {
  /// What it is, in a few words.
  var title: String { get }
  /// The process's memory.
  var regions: [MemoryRegion] { get }
  /// Whether the process went on while it was read, so that what is read may be of two moments.
  var isRacy: Bool { get }
  /// The pages that its memory is mapped by.
  var pageSize: UInt64 { get }
  /// The bytes that it can hold, at most: what bounds the number of chunks.
  var capacity: UInt64 { get }
  /// Some bytes from an address on, one at least, and as many as are at hand.
  func window(at address: UInt64) throws(HeapError) -> MemoryWindow
  /// A file that the process has mapped, from its first byte; nil where it cannot be had.
  func file(_ path: String) -> MappedBytes?
  /// The first memory of a range that should be there and is not, because a file was cut short.
  func missing(in range: Range<UInt64>) -> HeapError?
}

extension MemorySource {
  package func missing(in range: Range<UInt64>) -> HeapError? { nil }
}

/// Bytes of a process that can be read in place.
@safe
package struct MemoryWindow {
  package let start: UInt64
  package let count: UInt64
  /// SAFETY: `count` bytes, which the source keeps until it is asked for the next window.
  let base: UnsafeRawPointer

  package init(start: UInt64, bytes: UnsafeRawBufferPointer) {
    self.start = start
    if let address = bytes.baseAddress {
      count = UInt64(bytes.count)
      unsafe base = address
    } else {
      count = 0
      unsafe base = UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
    }
  }

  static var none: MemoryWindow {
    unsafe MemoryWindow(start: 0, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
  }
}
