import Arm64
import KernelHeap
import KernelLog
public import MemoryTypes
public import PageCompressors
import PageFrames

/// What is set by the files of `/sys/block/zram0`.
extension ZRAM {
  /// How many pages the disk has; none until it has a size.
  public var pages: PageCount { PageCount(store?.slots.count ?? 0) }

  /// Whether it has a size (`initstate`).
  public var isReady: Bool { store != nil }

  /// Frames that the pool has, and that compaction gave back.
  public var poolPages: UInt64 { store?.pool.pointee.pages ?? 0 }
  public var compactedPages: UInt64 { store?.pool.pointee.compacted ?? 0 }

  /// Chooses the format (`comp_algorithm_store()`).
  public mutating func choose(_ compressor: PageCompressor) throws(Errno) {
    guard store == nil else {
      board.log(.information, "zram: Can't change algorithm for initialized device")
      throw .EBUSY
    }
    self.compressor = compressor
  }

  /// Gives the disk its size (`disksize_store()`).
  public mutating func setSize(_ size: ByteCount) throws(Errno) {
    guard size > .zero else { throw .EINVAL }
    guard store == nil else {
      board.log(.information, "zram: Cannot change disksize for initialized device")
      throw .EBUSY
    }
    let pages = size.pagesNeeded(of: board.pageSize)
    let bufferOrder = Order(
      holding: (board.pageSize.bytes + ByteCount(UInt64(PageCompressor.tableBytes)))
        .pagesNeeded(of: board.pageSize))
    guard let slots = FrameArray<ZRAMSlot, B>(pages.rawValue, board, frames) else {
      throw .ENOMEM
    }
    guard let buffer = frames.pointee.allocate(bufferOrder, [.kernel, .zero, .noWarn]) else {
      slots.free(frames)
      throw .ENOMEM
    }
    guard let pool = ObjectPool.make(board, frames, slab, pageCache, in: poolCache) else {
      frames.pointee.free(buffer, bufferOrder)
      slots.free(frames)
      throw .ENOMEM
    }
    store = Store(slots: slots, pool: pool, buffer: buffer, bufferOrder: bufferOrder)
    let sectors = pages.bytes(of: board.pageSize).rawValue &>> 9
    board.log(.information) { line in
      line.append("zram0: detected capacity change from 0 to ")
      line.append(decimal: sectors)
    }
  }

  /// Forgets all pages and the size; nobody uses the disk (`zram_reset_device()`).
  public mutating func reset() {
    limit = 0
    guard let gone = store else { return }
    let count = gone.slots.count
    for index in 0..<count { empty(index) }
    store = nil
    gone.slots.free(frames)
    frames.pointee.free(gone.buffer, gone.bufferOrder)
    gone.pool.pointee.freeClasses()
    poolCache.free(gone.pool)
    statistics = ZRAMStatistics()
    let sectors = PageCount(count).bytes(of: board.pageSize).rawValue &>> 9
    board.log(.information) { line in
      line.append("zram0: detected capacity change from ")
      line.append(decimal: sectors)
      line.append(" to 0")
    }
  }

  /// Frames that the pool may have, a size rounded up; 0 for any number (`mem_limit_store()`).
  public mutating func setLimit(_ size: ByteCount) {
    limit = size.pagesNeeded(of: board.pageSize).rawValue
  }

  /// The most is what is in use now (`mem_used_max_store()`).
  public mutating func forgetMost() throws(Errno) {
    guard isReady else { throw .EINVAL }
    statistics.mostPages = poolPages
  }

  /// Packs the objects closer (`compact_store()`).
  public mutating func compact() throws(Errno) {
    guard let store else { throw .EINVAL }
    // SAFETY: the buffer is a page and more, and nobody else uses it meanwhile.
    let buffer = unsafe board.pointer(to: store.buffer.address(board.pageSize))
    _ = unsafe store.pool.pointee.compact(buffer: buffer) { owner, object in
      guard owner < store.slots.count else { return }
      var slot = store.slots[owner]
      slot.move(to: object)
      store.slots[owner] = slot
    }
  }

  /// What is wrong with the disk; walks everything, for tests.
  public func checkInvariants() -> StaticString? {
    guard let store else { return nil }
    if let wrong = store.pool.pointee.checkInvariants() { return wrong }
    var stored: UInt64 = 0
    var bytes: UInt64 = 0
    for index in 0..<store.slots.count {
      let slot = store.slots[index]
      if slot.isSame { stored &+= 1 }
      guard let object = slot.object else { continue }
      stored &+= 1
      bytes &+= UInt64(slot.length)
      let own = store.pool.pointee.sizeClass(Int(object.page.pointee.sizeClass))
      if !own.pointee.isHuge, store.pool.pointee.word(of: object, own) != index &<< 1 | 1 {
        return "an object's owner"
      }
    }
    if stored != statistics.pagesStored { return "pages stored" }
    return bytes == statistics.compressedBytes ? nil : "bytes stored"
  }
}
