import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Reads and writes that a disk works on while others run (block/blk-mq.c, drivers/block/virtio_blk.c).
///
/// A page that is read has the `locked` flag until it is there, a page that is written `writeback`;
/// both have a reference of the disk's meanwhile. What has ended is found by ``collect()``: at an
/// interrupt, and whenever somebody looks. Who must have a page waits: a program's fault gives the CPU
/// away (`FaultOutcome.beingRead`), all others wait in place.
extension SwapSpace {
  /// Starts the disk of a transport, and lets it be turned on by its inode's address; nil where there
  /// is none.
  public mutating func makeDisk(at base: UInt64, of identity: UInt) -> SwapDevice<B>? {
    guard disk == nil, let found = VirtioDisk.start(board, frames, slab, at: base) else {
      return nil
    }
    disk = found
    let device = SwapDevice(found)
    register(device, of: identity)
    return device
  }

  /// Whether somebody may wait for a page that is being read.
  public var isReading: Bool { readsInFlight > 0 }

  /// Whether reads have ended since this was asked last.
  public mutating func takeEndedReads() -> Bool {
    guard hasEndedReads else { return false }
    hasEndedReads = false
    return true
  }

  /// The disk has interrupted somebody.
  public mutating func hearDisk() {
    guard let disk else { return }
    disk.pointee.acknowledge()
    collect()
  }

  /// Ends what the disk has done; whether there was anything.
  @discardableResult
  mutating func collect() -> Bool {
    guard let disk else { return false }
    var isAny = false
    while let done = disk.pointee.nextCompletion() {
      isAny = true
      finish(done)
    }
    guard isAny else { return false }
    // Otherwise the interrupt would come for what has been seen.
    disk.pointee.acknowledge()
    while let done = disk.pointee.nextCompletion() { finish(done) }
    return true
  }

  private mutating func finish(_ done: VirtioDisk<B>.Completion) {
    switch done.kind {
    case .write:
      var write = SwapWrites.Write()
      write.frame = done.frame
      write.hasFailed = done.hasFailed
      end(write)
    case .read: endRead(done.page, done.frame, hasFailed: done.hasFailed)
    }
  }

  /// end_swap_bio_read(): a page that could not be read is not up to date, and unlocked.
  private mutating func endRead(_ page: UInt64, _ number: PageFrameNumber, hasFailed: Bool) {
    let frame = frames.pointee.frame(number)
    if hasFailed {
      if let area = areaOfDisk { complain(area, page, isWrite: false) }
    } else {
      frame.pointee.flags.insert(.uptodate)
    }
    frame.pointee.flags.remove(.locked)
    readsInFlight &-= 1
    hasEndedReads = true
    frames.pointee.request(.reads)
    frames.pointee.release(number)
  }

  private var areaOfDisk: KernelPointer<SwapArea<B>>? {
    for number in 0..<areaCount {
      if let area = areas[number], case .virtio = area.pointee.device.store { return area }
    }
    return nil
  }

  /// Lets the disk read a page into a frame that nobody has seen.
  mutating func beginRead(
    _ disk: KernelPointer<VirtioDisk<B>>, _ page: UInt64, into number: PageFrameNumber
  ) {
    let frame = frames.pointee.frame(number)
    frame.pointee.flags.remove(.uptodate)
    frame.pointee.flags.insert(.locked)
    frame.pointee.referenceCount &+= 1
    readsInFlight &+= 1
    waitForRoom(disk)
    if disk.pointee.hasRoom, page < disk.pointee.pages.rawValue {
      disk.pointee.begin(.read, page, number)
    } else {
      endRead(page, number, hasFailed: true)
    }
  }

  /// Reads a page of the cache again that could not be read; false where its device answers at once,
  /// or not at all.
  public mutating func readAgain(_ entry: SwapEntry, into number: PageFrameNumber) -> Bool {
    guard let area = area(of: entry), case .virtio(let disk) = area.pointee.device.store,
      !disk.pointee.isBroken
    else { return false }
    frames.pointee.count(.pswpin)
    beginRead(disk, entry.offset, into: number)
    return true
  }

  /// Lets the disk write a page, which is under writeback.
  mutating func beginWrite(
    _ disk: KernelPointer<VirtioDisk<B>>, _ page: UInt64, from number: PageFrameNumber
  ) {
    waitForRoom(disk)
    if disk.pointee.hasRoom, page < disk.pointee.pages.rawValue {
      disk.pointee.begin(.write, page, number)
    } else {
      var write = SwapWrites.Write()
      write.frame = number
      write.hasFailed = true
      end(write)
    }
  }

  private mutating func waitForRoom(_ disk: KernelPointer<VirtioDisk<B>>) {
    while !disk.pointee.hasRoom, !disk.pointee.isBroken { waitForDisk() }
  }

  /// Waits until the disk has done something, or may have.
  mutating func waitForDisk() {
    if collect() { return }
    board.waitForDevice()
    collect()
  }

  /// Waits until a page has been read, or could not be.
  public mutating func waitForRead(of number: PageFrameNumber) {
    guard disk != nil else { return }
    while readsInFlight > 0, frames.pointee.frame(number).pointee.flags.contains(.locked) {
      waitForDisk()
    }
  }

  /// Waits until a page that was found in the cache is there; one that could not be read when it was
  /// read ahead is read again.
  public mutating func finishRead(of entry: SwapEntry, into number: PageFrameNumber) {
    guard disk != nil else { return }
    waitForRead(of: number)
    guard !frames.pointee.frame(number).pointee.flags.contains(.uptodate),
      readAgain(entry, into: number)
    else { return }
    waitForRead(of: number)
  }

  /// Reads a page of a device into a frame of the kernel's, and waits for it.
  mutating func readNow(
    _ device: inout SwapDevice<B>, _ page: UInt64, into number: PageFrameNumber
  ) -> Bool {
    guard case .virtio(let disk) = device.store else {
      return device.read(page, into: number, board)
    }
    beginRead(disk, page, into: number)
    waitForRead(of: number)
    return frames.pointee.frame(number).pointee.flags.contains(.uptodate)
  }
}
