import Arm64
import KernelLog
public import MemoryTypes
import PageFrames

/// Reading and writing pages (mm/page_io.c).
extension SwapSpace {
  /// Reads a slot into a frame that nobody has seen; false where the device fails, and the frame is
  /// not up to date then (`swap_readpage()`).
  ///
  /// A disk that works while others run has only begun then: the frame is locked.
  mutating func read(_ entry: SwapEntry, into number: PageFrameNumber) -> Bool {
    guard let area = area(of: entry) else { return false }
    frames.pointee.count(.pswpin)
    if case .virtio(let disk) = area.pointee.device.store {
      beginRead(disk, entry.offset, into: number)
      return true
    }
    let frame = frames.pointee.frame(number)
    guard area.pointee.device.read(entry.offset, into: number, board) else {
      frame.pointee.flags.remove(.uptodate)
      complain(area, entry.offset, isWrite: false)
      return false
    }
    frame.pointee.flags.insert(.uptodate)
    return true
  }

  /// Begins to write a page of the cache, which is clean then (`swap_writepage()`).
  ///
  /// A page whose slot nothing names any more is not written: it leaves the cache and is dirty. On
  /// a synchronous device the write has ended; else the page has the `writeback` flag until
  /// ``settle()`` finds that it did.
  public mutating func write(_ number: PageFrameNumber) {
    if freeCached(number) { return }
    let frame = frames.pointee.frame(number)
    let entry = SwapEntry(rawValue: frame.pointee.privateWord)
    guard let area = area(of: entry) else { return }
    frame.pointee.flags.remove(.dirty)
    frames.pointee.count(.pswpout)
    if case .virtio(let disk) = area.pointee.device.store {
      beginWriteback(number)
      return beginWrite(disk, entry.offset, from: number)
    }
    let isDone = area.pointee.device.write(entry.offset, from: number, board)
    beginWriteback(number)
    var write = SwapWrites.Write()
    write.frame = number
    write.hasFailed = !isDone
    if area.pointee.device.isSynchronous { return end(write) }
    if writes.count == SwapWrites.capacity { end(writes.removeOldest()) }
    write.end = board.clock.nanoseconds &+ SwapWrites.latency
    writes.append(write)
  }

  /// `folio_start_writeback()`.
  private func beginWriteback(_ number: PageFrameNumber) {
    frames.pointee.frame(number).pointee.flags.insert(.writeback)
    frames.pointee.frame(number).pointee.referenceCount &+= 1
    frames.pointee.count(.nr_writeback)
    frames.pointee.countGroup(.nr_writeback, frames.pointee.frame(number), by: 1)
    frames.pointee.count(.nr_zone_write_pending, of: number, by: 1)
  }

  /// Ends the writes whose time has come.
  @inline(__always)
  public mutating func settle() {
    if writes.count > 0 { settleDue() }
    if disk != nil { collect() }
  }

  @inline(never)
  private mutating func settleDue() {
    let now = board.clock.nanoseconds
    while let oldest = writes.oldest, oldest.end <= now { end(writes.removeOldest()) }
  }

  /// Waits until a page is not being written any more: all that were given to the device before it
  /// end first (`folio_wait_writeback()`).
  public mutating func waitForWrite(of number: PageFrameNumber) {
    while writes.count > 0, frames.pointee.frame(number).pointee.flags.contains(.writeback) {
      end(writes.removeOldest())
    }
    while let disk, disk.pointee.inFlight > 0,
      frames.pointee.frame(number).pointee.flags.contains(.writeback)
    { waitForDisk() }
  }

  /// Waits until nothing is being written.
  public mutating func waitForWrites() {
    while writes.count > 0 { end(writes.removeOldest()) }
    while let disk, disk.pointee.inFlight > 0 { waitForDisk() }
  }

  /// A write has ended (`end_swap_bio_write()`, `folio_end_writeback()`).
  mutating func end(_ write: SwapWrites.Write) {
    let number = write.frame
    let frame = frames.pointee.frame(number)
    if write.hasFailed {
      // It stays in RAM, where it can be read, and is not looked at again at once.
      frame.pointee.flags.insert(.dirty)
      frame.pointee.flags.remove(.reclaim)
      let entry = SwapEntry(rawValue: frame.pointee.privateWord)
      if let area = area(of: entry) { complain(area, entry.offset, isWrite: true) }
    }
    frame.pointee.flags.remove(.writeback)
    frames.pointee.count(.nr_writeback, by: -1)
    frames.pointee.countGroup(.nr_writeback, frame, by: -1)
    frames.pointee.count(.nr_zone_write_pending, of: number, by: -1)
    frames.pointee.count(.nr_written)
    if frame.pointee.flags.contains(.reclaim) {
      frame.pointee.flags.remove(.reclaim)
      frames.pointee.rotateToTail(number)
    }
    frames.pointee.release(number)
  }

  /// A device failed (`end_swap_bio_read()`, `end_swap_bio_write()`).
  mutating func complain(
    _ area: KernelPointer<SwapArea<B>>, _ page: UInt64, isWrite: Bool
  ) {
    let now = board.clock.nanoseconds
    let (isAllowed, suppressed) =
      isWrite ? complaints.writes.allows(now) : complaints.reads.allows(now)
    if suppressed > 0 {
      board.log(.warning) { line in
        line.append(isWrite ? "end_swap_bio_write: " : "end_swap_bio_read: ")
        line.append(decimal: suppressed)
        line.append(" callbacks suppressed")
      }
    }
    guard isAllowed else { return }
    let device = area.pointee.device
    let sector = page &<< (board.pageSize.shift &- 9)
    board.log(.alert) { line in
      line.append(isWrite ? "Write-error on swap-device (" : "Read-error on swap-device (")
      line.append(decimal: UInt64(device.major))
      line.append(":")
      line.append(decimal: UInt64(device.minor))
      line.append(":")
      line.append(decimal: sector)
      line.append(")")
    }
  }
}
