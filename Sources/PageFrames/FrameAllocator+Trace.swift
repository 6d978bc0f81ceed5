import Arm64
import BoardFormat
import MemoryTypes

/// What `kilburn trace` hears of frames (Linux's tracepoints mm_page_alloc and mm_page_free).
extension FrameAllocator {
  @inline(never)
  func traceAllocation(_ number: PageFrameNumber, _ order: Int, _ flags: GFP) {
    board.trace(
      TraceRecord(.frameAllocated, number.rawValue, UInt64(order), UInt64(flags.rawValue)))
  }

  @inline(never)
  func traceFree(_ number: PageFrameNumber, _ order: Int) {
    board.trace(TraceRecord(.frameFreed, number.rawValue, UInt64(order)))
  }
}
