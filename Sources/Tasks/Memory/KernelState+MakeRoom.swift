import Arm64
import MemoryTypes
import PageFrames

/// Making room for what could not be had: the half of Linux's allocator that may wait
/// (mm/page_alloc.c:__alloc_pages_slowpath(), mm/memcontrol.c:try_charge_memcg()).
///
/// Everything below never waits and notes a ``PageFrames/Shortage`` instead. Here it is taken up:
///
///     fault, system call ──fails──▶ makeRoom() ──true──▶ the same again
///                        ──lent───▶ debt, on the way back to the program ──▶ makeRoom()
///
/// In the order of Linux's slow path: what is kept on lists is given back; reclaim; the
/// out-of-memory killer. It is repeated by being asked again.
extension KernelState {
  /// Whether something could not be had, and nobody has made room since.
  public var isShort: Bool { frames.pointee.shortage != nil }

  /// Makes room for the shortage that was noted; whether what failed is to be tried again.
  ///
  /// May switch to other tasks. False where it is no use: a large block, which the caller can do
  /// without; a task that has to die; and with `orFail` where no shortage was noted at all, so that
  /// the failure had another reason.
  @discardableResult
  public func makeRoom(orFail: Bool = false) -> Bool {
    guard let shortage = frames.pointee.shortage else {
      // A fault is tried again for ever: somebody must go.
      if orFail { return false }
      killForMemory()
      return !hasFatalSignal
    }
    frames.pointee.shortage = nil
    if shortage.group != 0 { return makeRoomInGroup(shortage) }
    if frames.pointee.hasRoom(for: shortage) { return true }
    // Who dies gives back more than it could ask for.
    if hasFatalSignal { return false }
    frames.pointee.drain(for: shortage)
    if frames.pointee.hasRoom(for: shortage) { return true }
    guard mayKill(for: shortage) else { return false }
    killForMemory(
      OutOfMemoryRequest(
        shortage.flags, order: Int(truncatingIfNeeded: shortage.order.rawValue),
        group: shortage.group))
    return !hasFatalSignal
  }

  /// Whether a process may be killed for a request (__alloc_pages_may_oom()).
  private func mayKill(for shortage: Shortage) -> Bool {
    // PAGE_ALLOC_COSTLY_ORDER: killing does not make large blocks.
    shortage.order <= Order(3) && shortage.flags.contains(.fs)
      && !shortage.flags.contains(.noRetry)
  }

  /// Does what the memory system wants done on the way back to the program
  /// (``PageFrames/MemoryRequests``).
  @inline(never)
  func serveMemoryRequests() {
    let requests = frames.pointee.requests
    frames.pointee.requests = []
    if requests.contains(.kswapd) { wake(.kswapd) }
    if requests.contains(.kcompactd) { wake(.kcompactd) }
    current.pointee.attention &= ~Task<B>.memoryAttention
    giveWayToKernelTasks()
    if requests.contains(.debt) { makeRoom(orFail: true) }
    if requests.contains(.groupHigh) { payForHigh() }
  }
}
