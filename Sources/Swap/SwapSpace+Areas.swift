import Arm64
import KernelHeap
import KernelLog
public import MemoryTypes
import PageFrames

/// Turning areas on and off (mm/swapfile.c).
extension SwapSpace {
  /// What mkswap writes at the start of an area (`union swap_header`).
  enum Header {
    /// The ten bytes "SWAPSPACE2" end the first page.
    static var signature: InlineArray<10, UInt8> {
      [0x53, 0x57, 0x41, 0x50, 0x53, 0x50, 0x41, 0x43, 0x45, 0x32]
    }
    static var version: Int { 1024 }
    static var lastPage: Int { 1028 }
    static var badCount: Int { 1032 }
    static var badPages: Int { 1536 }
    /// The bad pages that fit before the signature (MAX_SWAP_BADPAGES).
    static func maximumBad(_ size: PageSize) -> UInt32 {
      UInt32(truncatingIfNeeded: (size.bytes.rawValue &- 1536 &- 10) / 4)
    }
  }

  /// Turns an area on (swapon), as its header says.
  ///
  /// `identity` is the inode's address, by which it is turned off again. Without a priority the
  /// area gets the next lower one than all before it.
  @discardableResult
  public mutating func turnOn(
    _ device: SwapDevice<B>, name: SwapName, identity: UInt, priority: Int? = nil
  ) throws(Errno) -> Int {
    guard let number = freeNumber() else { throw .EPERM }
    for other in 0..<areaCount where areas[other]?.pointee.identity == identity { throw .EBUSY }
    guard let page = frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    defer { frames.pointee.free(page) }
    var device = device
    guard readNow(&device, 0, into: page) else { throw .EIO }
    let maximum = try readHeader(page, device)
    guard let counts = FrameArray<UInt16, B>(maximum, board, frames) else { throw .ENOMEM }
    guard let groups = FrameArray<UInt16, B>(maximum, board, frames) else {
      counts.free(frames)
      throw .ENOMEM
    }
    counts[0] = SwapCount.bad.rawValue
    let bad = markBad(page, maximum, counts)
    var clusters: SwapClusters<B>?
    if device.isSolidState {
      clusters = SwapClusters(maximum, board, frames) { counts[$0] != 0 }
      guard clusters != nil else {
        counts.free(frames)
        groups.free(frames)
        throw .ENOMEM
      }
    }
    guard bad < maximum &- 1,
      let area = areaCache.allocate(
        SwapArea(
          number: number, device: device, name: name, identity: identity, maximum: maximum,
          counts: counts, groups: groups, clusters: clusters))
    else {
      let isEmpty = bad >= maximum &- 1
      clusters?.free(frames)
      counts.free(frames)
      groups.free(frames)
      // setup_swap_map_and_extents(): "Empty swap-file".
      if isEmpty { board.log(.warning, "Empty swap-file") }
      throw isEmpty ? .EINVAL : .ENOMEM
    }
    area.pointee.pages = maximum &- 1 &- bad
    areas[number] = area
    areaCount = max(areaCount, number &+ 1)
    if !device.isSolidState { rotating &+= 1 }
    enable(area, priority)
    tell(area)
    return number
  }

  private func freeNumber() -> Int? {
    for number in 0..<Self.maximumAreas where areas[number] == nil { return number }
    return nil
  }

  /// The slots that a header promises, the header's own included (`read_swap_header()`).
  private func readHeader(_ page: PageFrameNumber, _ device: SwapDevice<B>) throws(Errno) -> UInt64
  {
    let start = page.address(board.pageSize)
    let signature = Header.signature
    let place = start + board.pageSize.bytes - ByteCount(10)
    for index in 0..<10 {
      let byte: UInt8 = board.load(at: place + ByteCount(UInt64(index)))
      guard byte == signature[index] else {
        board.log(.error, "Unable to find swap-space signature")
        throw .EINVAL
      }
    }
    func word(_ offset: Int) -> UInt32 { board.load(at: start + ByteCount(UInt64(offset))) }
    guard word(Header.version) == 1 else {
      board.log(.warning) {
        $0.append("Unable to handle swap header version ")
        $0.append(decimal: UInt64(word(Header.version)))
      }
      throw .EINVAL
    }
    let last = UInt64(word(Header.lastPage))
    guard last != 0 else {
      board.log(.warning, "Empty swap-file")
      throw .EINVAL
    }
    guard last < device.pages.rawValue else {
      board.log(.warning, "Swap area shorter than signature indicates")
      throw .EINVAL
    }
    guard word(Header.badCount) <= Header.maximumBad(board.pageSize) else { throw .EINVAL }
    return last &+ 1
  }

  /// Marks what mkswap found to be bad, and says how many slots are lost by it.
  private func markBad(
    _ page: PageFrameNumber, _ maximum: UInt64, _ counts: FrameArray<UInt16, B>
  ) -> UInt64 {
    let start = page.address(board.pageSize)
    let count: UInt32 = board.load(at: start + ByteCount(UInt64(Header.badCount)))
    var lost: UInt64 = 0
    for index in 0..<UInt64(count) {
      let bad: UInt32 = board.load(at: start + ByteCount(UInt64(Header.badPages) &+ index &* 4))
      guard bad != 0, UInt64(bad) < maximum, counts[UInt64(bad)] == 0 else { continue }
      counts[UInt64(bad)] = SwapCount.bad.rawValue
      lost &+= 1
    }
    return lost
  }

  /// Gives an area its place among the others (`_enable_swap_info()`).
  private mutating func enable(_ area: KernelPointer<SwapArea<B>>, _ priority: Int?) {
    if let priority {
      area.pointee.priority = priority
    } else {
      leastPriority &-= 1
      area.pointee.priority = leastPriority
    }
    area.pointee.isWritable = true
    let free = Int64(truncatingIfNeeded: area.pointee.pages &- area.pointee.inUse)
    freePages &+= free
    totalPages &+= Int64(truncatingIfNeeded: area.pointee.pages)
    area.pointee.isAvailable = free > 0
    insertByPriority(area)
    stock.isEnabled = true
  }

  /// Behind all of its priority.
  private mutating func insertByPriority(_ area: KernelPointer<SwapArea<B>>) {
    var place = active
    while place > 0, let before = areas[Int(order[place &- 1])],
      before.pointee.priority < area.pointee.priority
    {
      order[place] = order[place &- 1]
      place &-= 1
    }
    order[place] = Int8(truncatingIfNeeded: area.pointee.number)
    active &+= 1
  }

  private func tell(_ area: KernelPointer<SwapArea<B>>) {
    let pages = PageCount(area.pointee.pages)
    let span = PageCount(area.pointee.maximum &- 1)
    board.log(.information) { line in
      line.append("Adding ")
      line.append(decimal: pages.bytes(of: board.pageSize).kibibytes)
      line.append("k swap on ")
      for index in 0..<area.pointee.name.count {
        line.append(byte: area.pointee.name.bytes[index])
      }
      line.append(".  Priority:")
      if area.pointee.priority < 0 { line.append("-") }
      line.append(decimal: UInt64(area.pointee.priority.magnitude))
      line.append(" extents:1 across:")
      line.append(decimal: span.bytes(of: board.pageSize).kibibytes)
      line.append(area.pointee.device.isSolidState ? "k SS" : "k ")
    }
  }

  /// The area that an inode is, while pages may go there.
  public func writableArea(_ identity: UInt) -> Int? {
    for number in 0..<areaCount {
      if let area = areas[number], area.pointee.isWritable, area.pointee.identity == identity {
        return number
      }
    }
    return nil
  }

  /// No new pages go to an area from now on: the first half of swapoff.
  ///
  /// What it has is to be brought back, by whoever knows where it is missed; then
  /// ``turnOff(_:)`` or ``resume(_:)``.
  public mutating func suspend(_ number: Int) {
    guard let area = areas[number] else { return }
    var place = 0
    while Int(order[place]) != number { place &+= 1 }
    if area.pointee.priority < 0 {
      for below in place &+ 1..<active {
        areas[Int(order[below])]?.pointee.priority &+= 1
      }
      leastPriority &+= 1
    }
    for later in place..<active &- 1 { order[later] = order[later &+ 1] }
    active &-= 1
    area.pointee.isWritable = false
    area.pointee.isAvailable = false
    freePages &-= Int64(truncatingIfNeeded: area.pointee.pages)
    totalPages &-= Int64(truncatingIfNeeded: area.pointee.pages)
    emptyStocks()
    stock.isEnabled = active > 0
  }

  /// Not all could be brought back: the area is as before (`reinsert_swap_info()`).
  public mutating func resume(_ number: Int) {
    guard let area = areas[number] else { return }
    // Those below have moved up (setup_swap_info()).
    if area.pointee.priority < 0 {
      leastPriority &-= 1
      area.pointee.priority = leastPriority
    }
    area.pointee.isWritable = true
    let used = Int64(truncatingIfNeeded: area.pointee.inUse)
    let all = Int64(truncatingIfNeeded: area.pointee.pages)
    // What was freed meanwhile has been counted already.
    totalPages &+= all
    freePages &+= all
    area.pointee.isAvailable = used < all
    insertByPriority(area)
    stock.isEnabled = true
  }

  /// The area is gone; nothing is in it any more.
  public mutating func turnOff(_ number: Int) {
    guard let area = areas[number] else { return }
    precondition(area.pointee.inUse == 0 && !area.pointee.isWritable)
    // The slots of an area that is off were counted as they were freed.
    if !area.pointee.device.isSolidState { rotating &-= 1 }
    trees.removeEntries(from: 0, in: &area.pointee.cache) { _, _ in }
    area.pointee.clusters?.free(frames)
    area.pointee.counts.free(frames)
    area.pointee.groups.free(frames)
    areas[number] = nil
    areaCache.free(area)
  }

  /// Makes a device known; false where there are too many.
  @discardableResult
  public mutating func register(_ device: SwapDevice<B>, of identity: UInt) -> Bool {
    for place in 0..<8 where devices[place] == nil {
      devices[place] = Registration(identity: identity, device: device)
      return true
    }
    return false
  }

  /// The device that an inode is.
  public func device(of identity: UInt) -> SwapDevice<B>? {
    for place in 0..<8 {
      if let found = devices[place], found.identity == identity { return found.device }
    }
    return nil
  }
}
