import Arm64
import BoardFormat
import MemoryTypes

/// What `kilburn trace` and a sanitizer hear of frames (Linux's tracepoints mm_page_alloc and mm_page_free).
extension FrameAllocator {
  @inline(never)
  func traceAllocation(_ number: PageFrameNumber, _ order: Int, _ flags: GFP) {
    if board.traced.contains(.sanitizer) { sanitize(number, order, isFree: false) }
    guard board.traced.contains(.frames) else { return }
    board.trace(
      TraceRecord(.frameAllocated, number.rawValue, UInt64(order), UInt64(flags.rawValue)))
  }

  @inline(never)
  func traceFree(_ number: PageFrameNumber, _ order: Int) {
    if board.traced.contains(.sanitizer) { sanitize(number, order, isFree: true) }
    guard board.traced.contains(.frames) else { return }
    board.trace(TraceRecord(.frameFreed, number.rawValue, UInt64(order)))
  }

  private func sanitize(_ number: PageFrameNumber, _ order: Int, isFree: Bool) {
    board.framesChanged(
      at: number.address(board.pageSize),
      ByteCount(board.pageSize.bytes.rawValue &<< UInt64(order)), areFree: isFree)
  }
}
