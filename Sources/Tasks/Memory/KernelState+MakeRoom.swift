public import AddressSpaces
import Arm64
public import MemoryTypes
import PageFrames
import Reclaim

/// Making room for what could not be had: the half of Linux's allocator that may wait
/// (mm/page_alloc.c:__alloc_pages_slowpath(), mm/memcontrol.c:try_charge_memcg()).
///
/// Everything below never waits and notes a ``PageFrames/Shortage`` instead. Here it is taken up:
///
///     fault, system call ──fails──▶ makeRoom() ──true──▶ the same again
///                        ──lent───▶ debt, on the way back to the program ──▶ makeRoom()
///
/// In the order of Linux's slow path: reclaim, 32 pages at a time; what is kept on lists is given
/// back; and when that made no progress 16 times, or all that could be taken would not do, the
/// out-of-memory killer. It is repeated by being asked again.
extension KernelState {
  /// Whether something could not be had, and nobody has made room since.
  public var isShort: Bool { frames.pointee.shortage.map { !$0.isLent } ?? false }

  /// Whether something could not be had or was lent: a long call makes room before it goes on.
  public var wantsRoom: Bool { frames.pointee.shortage != nil }

  var reclaimer: Reclaimer<B> { Reclaimer(memory) }

  /// Makes room for the shortage that was noted; whether what failed is to be tried again.
  ///
  /// May switch to other tasks. False where it is no use: a large block, which the caller can do
  /// without; a task that has to die; and with `orFail` where no shortage was noted at all, so that
  /// the failure had another reason. With `isHopeless` room was made so often that only a death
  /// helps: what is asked for is more than there will ever be.
  @discardableResult
  public func makeRoom(orFail: Bool = false, isHopeless: Bool = false) -> Bool {
    guard let shortage = frames.pointee.shortage else {
      // A fault is tried again for ever: somebody must go.
      if orFail { return false }
      killForMemory()
      return !hasFatalSignal
    }
    frames.pointee.shortage = nil
    if shortage.group != 0 { return makeRoomInGroup(shortage, isHopeless) }
    if isHopeless { return killForMemory(shortage) }
    // Costly ones first without waiting for anything, before pages are taken from others.
    if shortage.order > Order(3), compact(for: shortage, .asynchronous) { return true }
    var fruitless = 0
    while !frames.pointee.hasRoom(for: shortage) {
      // Who dies gives back more than it could ask for.
      if hasFatalSignal { return false }
      let progress = reclaim(for: shortage)
      if frames.pointee.hasRoom(for: shortage) { return true }
      frames.pointee.drain(for: shortage)
      if frames.pointee.hasRoom(for: shortage) { return true }
      if compact(for: shortage, .light) { return true }
      let isCostly = shortage.order > Order(3)
      // Killing does not make large blocks (PAGE_ALLOC_COSTLY_ORDER).
      if isCostly || shortage.flags.contains(.noRetry) { return false }
      fruitless = progress > 0 ? 0 : fruitless &+ 1
      if retries(shortage, fruitless) { continue }
      return killForMemory(shortage)
    }
    return true
  }

  /// Somebody dies for what could not be had; whether it is to be tried again
  /// (`__alloc_pages_may_oom()`).
  private func killForMemory(_ shortage: Shortage) -> Bool {
    guard shortage.order <= Order(3), shortage.flags.contains(.fs),
      !shortage.flags.contains(.noRetry)
    else { return false }
    killForMemory(
      OutOfMemoryRequest(
        shortage.flags, order: Int(truncatingIfNeeded: shortage.order.rawValue)))
    return !hasFatalSignal
  }

  /// MADV_PAGEOUT; the advice has been checked.
  public func pageOut(
    _ space: KernelPointer<AddressSpace<B>>, _ start: VirtualAddress, _ length: ByteCount
  ) {
    reclaimer.pageOut(space, start, length)
  }

  /// One direct reclaim (__perform_reclaim()); how many pages.
  ///
  /// Nothing is taken for a large block where so much is free that compaction is what would help
  /// (shrink_zones(), compaction_ready()).
  func reclaim(for shortage: Shortage) -> Int {
    if isReadyToCompact(for: shortage) { return 1 }
    return stalling { takePages(for: shortage) }
  }

  private func takePages(for shortage: Shortage) -> Int {
    var scan = ScanControl(shortage.flags, highest: shortage.flags.highestZone)
    scan.order = Int(truncatingIfNeeded: shortage.order.rawValue)
    scan.wanted = Reclaimer<B>.batch
    return accounting(.direct) { reclaimer.free(&scan) }
  }

  /// Whether another reclaim could help: not too many were in vain, and all that can be taken
  /// together would be enough (should_reclaim_retry()).
  private func retries(_ shortage: Shortage, _ fruitless: Int) -> Bool {
    guard fruitless <= 16 else { return false }
    let scan = ScanControl(shortage.flags, highest: shortage.flags.highestZone)
    return frames.pointee.hasRoom(for: shortage, with: reclaimer.reclaimablePages(scan))
  }

  /// Does what the memory system wants done on the way back to the program
  /// (``PageFrames/MemoryRequests``).
  @inline(never)
  func serveMemoryRequests() {
    let requests = frames.pointee.requests
    frames.pointee.requests = []
    if requests.contains(.kswapd) { wake(.kswapd) }
    if requests.contains(.kcompactd) { wake(.kcompactd) }
    if requests.contains(.writeBack) { memory.pointee.writeBackAll() }
    if requests.contains(.reads) { wakeReaders() }
    current.pointee.attention &= ~Task<B>.memoryAttention
    giveWayToKernelTasks()
    if requests.contains(.debt) { makeRoom(orFail: true) }
    if requests.contains(.populate) { finishPopulating() }
    if requests.contains(.groupHigh) { payForHigh() }
    frames.pointee.shortage = nil
  }

  /// Brings in what MAP_POPULATE, mlock and their like had no room for: as in Linux's populate, each
  /// page may need its reclaim.
  private func finishPopulating() {
    guard let space = current.pointee.memory.space else { return }
    var last: VirtualAddress?
    while let rest = space.pointee.takeUnpopulated(), !hasFatalSignal {
      if wantsRoom {
        guard makeRoom(orFail: true) else { return }
      } else if last == rest.start {
        return
      }
      last = rest.start
      space.pointee.populate(rest.start, rest.end)
    }
  }
}
