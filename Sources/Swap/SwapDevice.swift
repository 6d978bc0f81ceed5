public import Arm64
public import MemoryTypes

/// What swap pages are written to: a block device, as far as swapping needs one.
///
/// A device takes and gives whole pages by their number. The board file's area answers at once and
/// never fails, unless it was told to; what comes of a page that is not there is the caller's
/// affair, for areas check their offsets.
public struct SwapDevice<B: Board>: BitwiseCopyable {
  /// Where the pages are.
  public enum Store: BitwiseCopyable {
    /// Memory behind RAM, which the tool keeps in a file.
    case boardFile(PhysicalAddress)
    /// Compressed pages in RAM.
    case zram(KernelPointer<ZRAM<B>>)
    /// A disk that works while others run: it is read and written by ``SwapSpace``, which waits.
    case virtio(KernelPointer<VirtioDisk<B>>)
  }

  public let store: Store
  private let wholePages: PageCount
  /// How many pages it has.
  public var pages: PageCount {
    switch store {
    case .boardFile: wholePages
    // It gets its size, and loses it, while it is there.
    case .zram(let disk): disk.pointee.pages
    case .virtio(let disk): disk.pointee.pages
    }
  }
  /// `MAJOR:MINOR`, for messages.
  public let major: UInt32
  public let minor: UInt32
  /// Seeking costs nothing: allocation by clusters, readahead by address (`bdev_nonrot()`).
  public let isSolidState: Bool
  /// Reads and writes end before they return (`SWP_SYNCHRONOUS_IO`).
  public let isSynchronous: Bool
  /// What is to fail: for tests of what becomes of it.
  public var faults = Faults()

  /// Injected errors: every operation from a number on, until another; 0 for none.
  public struct Faults: BitwiseCopyable, Sendable {
    public var readsFrom: UInt64 = 0
    public var readsUntil: UInt64 = 0
    public var writesFrom: UInt64 = 0
    public var writesUntil: UInt64 = 0
    var reads: UInt64 = 0
    var writes: UInt64 = 0

    public init() {}

    mutating func nextReadFails() -> Bool {
      reads &+= 1
      return readsFrom != 0 && reads >= readsFrom && reads < readsUntil
    }

    mutating func nextWriteFails() -> Bool {
      writes &+= 1
      return writesFrom != 0 && writes >= writesFrom && writes < writesUntil
    }
  }

  /// An area of the board file.
  public init(
    boardFile start: PhysicalAddress, _ pages: PageCount, minor: UInt32, isSolidState: Bool = false,
    isSynchronous: Bool = false
  ) {
    store = .boardFile(start)
    wholePages = pages
    // As virtio-blk's disks, which do not say that they do not rotate.
    major = 254
    self.minor = minor
    self.isSolidState = isSolidState
    self.isSynchronous = isSynchronous
  }

  /// A disk of compressed pages (`/dev/zram0`), whose number is the first free one below virtio-blk's.
  public init(_ disk: KernelPointer<ZRAM<B>>) {
    store = .zram(disk)
    wholePages = .zero
    major = 253
    minor = 0
    isSolidState = true
    isSynchronous = true
  }

  /// A virtio disk (`/dev/vda`).
  public init(_ disk: KernelPointer<VirtioDisk<B>>) {
    store = .virtio(disk)
    wholePages = .zero
    major = 254
    minor = 0
    isSolidState = false
    isSynchronous = false
  }

  /// Copies a page in; false where the device fails.
  mutating func read(_ page: UInt64, into frame: PageFrameNumber, _ board: B) -> Bool {
    if faults.nextReadFails() { return false }
    switch store {
    case .boardFile(let start):
      board.copyPage(
        from: start + ByteCount(page &<< board.pageSize.shift),
        to: frame.address(board.pageSize), board.pageSize)
      return true
    case .zram(let disk): return disk.pointee.read(page, into: frame)
    case .virtio: return false
    }
  }

  /// Copies a page out; false where the device fails.
  mutating func write(_ page: UInt64, from frame: PageFrameNumber, _ board: B) -> Bool {
    if faults.nextWriteFails() { return false }
    switch store {
    case .boardFile(let start):
      board.copyPage(
        from: frame.address(board.pageSize),
        to: start + ByteCount(page &<< board.pageSize.shift), board.pageSize)
      return true
    case .zram(let disk): return disk.pointee.write(page, from: frame)
    case .virtio: return false
    }
  }

  /// A page's contents are wanted no more (`swap_slot_free_notify()`).
  func discard(_ page: UInt64) {
    switch store {
    case .boardFile, .virtio: break
    case .zram(let disk): disk.pointee.discard(page)
    }
  }
}
