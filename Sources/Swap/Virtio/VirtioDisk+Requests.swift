import Arm64
import KernelLog
public import MemoryTypes
import PageFrames

/// Giving the device work, and hearing what came of it.
extension VirtioDisk {
  /// Whether a request can be given now.
  var hasRoom: Bool { !isBroken && inFlight < Self.capacity }

  /// Pages that the disk has.
  public var pages: PageCount { PageCount(sectors &>> (board.pageSize.shift &- 9)) }

  /// Begins to read a page into a frame, or to write it; the caller has found room for a request, and
  /// gives the frame a reference until its completion.
  mutating func begin(_ kind: Kind, _ page: UInt64, _ frame: PageFrameNumber) {
    precondition(hasRoom && page < pages.rawValue)
    // The stack's free part begins at `inFlight`.
    let number = Int(free[inFlight])
    inFlight &+= 1
    requests[number] = Request(kind: kind, frame: frame, page: page, isInFlight: true)
    let index = UInt64(number)
    let shift = board.pageSize.shift
    board.store(kind.rawValue, at: header(index))
    board.store(page &<< (shift &- 9), at: header(index) + ByteCount(8))
    board.store(UInt8(0xFF), at: header(index) + ByteCount(16))
    let flags = Descriptor.next | (kind == .read ? Descriptor.write : 0)
    set(
      index &* 3 &+ 1, frame.address(board.pageSize),
      UInt32(truncatingIfNeeded: board.pageSize.bytes.rawValue), flags: flags,
      next: index &* 3 &+ 2)
    let slot = UInt64(available & (Self.queueSize &- 1))
    board.store(
      UInt16(truncatingIfNeeded: index &* 3),
      at: rings + ByteCount(Self.availableOffset &+ 4 &+ slot &* 2))
    available &+= 1
    // The device may look as soon as the count says so.
    board.orderDeviceAccesses()
    board.store(available, at: rings + ByteCount(Self.availableOffset &+ 2))
    board.orderDeviceAccesses()
    registers[.queueNotify] = 0
  }

  /// The next request that has ended; nil where none has.
  mutating func nextCompletion() -> Completion? {
    if isBroken { return nextFailure() }
    guard inFlight > 0 else { return nil }
    let count: UInt16 = board.load(at: rings + ByteCount(Self.usedOffset &+ 2))
    guard count != used else { return nil }
    board.orderDeviceAccesses()
    guard count &- used <= UInt16(inFlight) else {
      return giveUp("more requests ended than there were")
    }
    let slot = UInt64(used & (Self.queueSize &- 1))
    let head: UInt32 = board.load(at: rings + ByteCount(Self.usedOffset &+ 4 &+ slot &* 8))
    guard head % 3 == 0, head / 3 < UInt32(Self.capacity), requests[Int(head / 3)].isInFlight else {
      return giveUp("a request ended that was none")
    }
    used &+= 1
    let status: UInt8 = board.load(at: header(UInt64(head / 3)) + ByteCount(16))
    return end(Int(head / 3), hasFailed: status != 0)
  }

  private mutating func end(_ number: Int, hasFailed: Bool) -> Completion {
    let request = requests[number]
    requests[number].isInFlight = false
    inFlight &-= 1
    free[inFlight] = UInt8(truncatingIfNeeded: number)
    return Completion(
      kind: request.kind, frame: request.frame, page: request.page, hasFailed: hasFailed)
  }

  /// Tells the device that its interrupt was heard; whether there was one.
  @discardableResult
  public func acknowledge() -> Bool {
    let status = registers[.interruptStatus]
    guard status != 0 else { return false }
    registers[.interruptAcknowledge] = status
    return true
  }

  /// Stops the device, which makes no sense, and has all that it was given fail.
  private mutating func giveUp(_ reason: StaticString) -> Completion? {
    registers[.status] = 0
    // It touches no memory any more once it reads as reset (VIRTIO 1.1, 2.1.2).
    var tries = 0
    while registers[.status] != 0, tries < 1_000_000 { tries &+= 1 }
    isBroken = true
    board.log(.error) { line in
      line.append("virtio_blk: ")
      line.append(reason)
      line.append("; the device is reset and used no more")
    }
    return nextFailure()
  }

  private mutating func nextFailure() -> Completion? {
    while nextFailed < Self.capacity {
      let number = nextFailed
      nextFailed &+= 1
      if requests[number].isInFlight { return end(number, hasFailed: true) }
    }
    return nil
  }
}
