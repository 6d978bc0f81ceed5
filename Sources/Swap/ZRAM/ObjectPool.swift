// Compressed pages: objects of any size, packed across page boundaries (zsmalloc).
//
// Terms
// - A *size class* holds objects of one size. A *zspage* is one to four frames that belong together,
//   whose objects lie one behind the other as if the frames did too, so that an object of 1,400 bytes
//   wastes nothing at the end of a frame. Of each class as many frames as waste least are taken.
// - Classes whose zspages have as many frames and objects are one, the largest.
// - A *huge* object has a frame of its own: what is not worth compressing.
// - Each object but a huge one has eight bytes in front: whose it is while it is in use, and which
//   is the next free one of its zspage while it is not.
//
// Invariants (``ObjectPool/checkInvariants()``)
// - a zspage that has objects is on the one list of its class that its fullness says; an empty one
//   does not exist;
// - pages == the frames of all zspages == what nr_zspages counts of this pool.
//
// Source: mm/zsmalloc.c of Linux 6.1. There a handle stands between an object and who has it, for
// whom compaction moves it; here who has it is one table, which is told. A pool has no lock yet;
// `pool->lock` would guard it.

import Arm64
import KernelHeap
import MemoryTypes
import PageFrames

/// One to four frames with objects of one size.
@safe struct ZSPage: ~Copyable {
  let resident = Resident()
  var next: KernelPointer<ZSPage>?
  var previous: KernelPointer<ZSPage>?
  var frames: InlineArray<4, UInt32> = .init(repeating: 0)
  let sizeClass: UInt16
  var inUse: UInt16 = 0
  /// The first of the objects that were given back, and the first that never was taken.
  var free = ZSPage.none
  var untouched: UInt16 = 0
  var fullness = Fullness.empty

  static var none: UInt16 { 0xFFFF }

  /// Which list it is on (`enum fullness_group`).
  enum Fullness: UInt8, BitwiseCopyable {
    case empty, almostEmpty, almostFull, full
  }

  init(_ sizeClass: UInt16) { self.sizeClass = sizeClass }
}

/// An object of a pool: which zspage has it, and where in it.
struct ZSObject: BitwiseCopyable {
  var page: KernelPointer<ZSPage>
  var index: UInt16
}

/// Objects of one size (`struct size_class`).
struct SizeClass: BitwiseCopyable {
  var size: Int = 0
  var objects: UInt16 = 0
  var pages: UInt8 = 0
  /// A frame of its own, without the word in front.
  var isHuge: Bool { objects == 1 && pages == 1 }
  var almostEmpty: KernelPointer<ZSPage>?
  var almostFull: KernelPointer<ZSPage>?
  var full: KernelPointer<ZSPage>?
}

/// All classes, their zspages and objects (`struct zs_pool`).
@safe struct ObjectPool<B: Board>: ~Copyable {
  let resident = Resident()
  let board: B
  let frames: KernelPointer<FrameAllocator<B>>
  let slab: KernelPointer<SlabAllocator<B>>
  let pageCache: ObjectCache<ZSPage, B>
  /// By size; a class that another stands for has its number in `standsFor`.
  ///
  /// SAFETY: `classCount` initialised elements of the heap, the pool's until ``freeClasses()``.
  private let classes: UnsafeMutablePointer<SizeClass>
  private let standsFor: UnsafeMutablePointer<UInt16>
  /// Frames in use (`pages_allocated`), and those that compaction gave back.
  var pages: UInt64 = 0
  var compacted: UInt64 = 0
  /// From this size on an object has a frame of its own (`zs_huge_class_size()`).
  let hugeSize: Int

  static var header: Int { 8 }
  private static var smallest: Int { 32 }
  static var mostPages: Int { 4 }

  /// 255 classes with 4K pages, 257 with others (ZS_SIZE_CLASSES).
  private static func count(_ size: Int) -> Int {
    (size &- smallest &+ size / 256 &- 1) / (size / 256) &+ 1
  }

  /// An empty pool; nil without memory.
  static func make(
    _ board: B, _ frames: KernelPointer<FrameAllocator<B>>,
    _ slab: KernelPointer<SlabAllocator<B>>, _ pageCache: ObjectCache<ZSPage, B>,
    in cache: ObjectCache<Self, B>
  ) -> KernelPointer<Self>? {
    let pageBytes = Int(truncatingIfNeeded: board.pageSize.bytes.rawValue)
    let count = UInt64(Self.count(pageBytes))
    let length = ByteCount(count &* UInt64(MemoryLayout<SizeClass>.stride))
    guard let memory = unsafe slab.pointee.allocateBytes(length) else { return nil }
    guard let numbers = unsafe slab.pointee.allocateBytes(ByteCount(count &* 2)) else {
      unsafe slab.pointee.freeBytes(memory, length)
      return nil
    }
    guard
      let pool = unsafe cache.allocate(
        Self(board, frames, slab, pageCache, memory, numbers, pageBytes))
    else {
      unsafe slab.pointee.freeBytes(memory, length)
      unsafe slab.pointee.freeBytes(numbers, ByteCount(count &* 2))
      return nil
    }
    return pool
  }

  private init(
    _ board: B, _ frames: KernelPointer<FrameAllocator<B>>,
    _ slab: KernelPointer<SlabAllocator<B>>, _ pageCache: ObjectCache<ZSPage, B>,
    _ memory: UnsafeMutableRawPointer, _ numbers: UnsafeMutableRawPointer, _ pageBytes: Int
  ) {
    let count = Self.count(pageBytes)
    let classes = unsafe memory.bindMemory(to: SizeClass.self, capacity: count)
    let standsFor = unsafe numbers.bindMemory(to: UInt16.self, capacity: count)
    var hugeSize = 0
    for index in stride(from: count &- 1, through: 0, by: -1) {
      let size = min(Self.smallest &+ index &* (pageBytes / 256), pageBytes)
      var own = SizeClass()
      own.size = size
      let pages = Self.pages(for: size, pageBytes)
      own.pages = UInt8(truncatingIfNeeded: pages)
      own.objects = UInt16(truncatingIfNeeded: pages &* pageBytes / size)
      if hugeSize == 0, pages != 1, own.objects != 1 { hugeSize = size &- (Self.header &- 1) }
      unsafe (classes + index).initialize(to: own)
      unsafe standsFor[index] = UInt16(truncatingIfNeeded: index)
      if index &+ 1 < count {
        // The larger neighbour, or the one that it stands for (can_merge()).
        let larger = unsafe standsFor[index &+ 1]
        let there = unsafe classes[Int(larger)]
        if there.pages == own.pages, there.objects == own.objects {
          unsafe standsFor[index] = larger
        }
      }
    }
    self.board = board
    self.frames = frames
    self.slab = slab
    self.pageCache = pageCache
    unsafe self.classes = classes
    unsafe self.standsFor = standsFor
    self.hugeSize = hugeSize
  }

  /// How many frames waste least, in whole per cent (`get_pages_per_zspage()`).
  private static func pages(for size: Int, _ pageBytes: Int) -> Int {
    var best = 1
    var bestUsed = 0
    for pages in 1...mostPages {
      let bytes = pages &* pageBytes
      let used = (bytes &- bytes % size) &* 100 / bytes
      if used > bestUsed {
        bestUsed = used
        best = pages
      }
    }
    return best
  }

  var classCount: Int { Self.count(Int(truncatingIfNeeded: board.pageSize.bytes.rawValue)) }

  /// The class of objects of a size, the word in front included (`get_size_class_index()`).
  @inline(__always)
  private func number(for size: Int) -> Int {
    let shift = Int(truncatingIfNeeded: board.pageSize.shift) &- 8
    let step = 1 &<< shift
    let index = size <= Self.smallest ? 0 : (size &- Self.smallest &+ step &- 1) &>> shift
    return unsafe Int(standsFor[min(index, classCount &- 1)])
  }

  @inline(__always)
  func sizeClass(_ number: Int) -> KernelPointer<SizeClass> {
    precondition(number < classCount)
    return unsafe KernelPointer(classes + number)
  }

  /// A place for so many bytes, one page at most, that belong to `owner`; nil without memory
  /// (`zs_malloc()`).
  mutating func allocate(_ length: Int, owner: UInt64, _ flags: GFP) -> ZSObject? {
    let number = number(for: length &+ Self.header)
    let own = sizeClass(number)
    guard
      let page = own.pointee.almostFull ?? own.pointee.almostEmpty ?? makePage(number, own, flags)
    else { return nil }
    return take(page, own, owner &<< 1 | 1)
  }

  /// The next free object of a zspage, which has one.
  @inline(__always)
  mutating func take(
    _ page: KernelPointer<ZSPage>, _ own: KernelPointer<SizeClass>, _ word: UInt64
  ) -> ZSObject {
    let index = page.pointee.free
    let object: ZSObject
    if index != ZSPage.none {
      object = ZSObject(page: page, index: index)
      page.pointee.free = UInt16(truncatingIfNeeded: self.word(of: object, own) &>> 1)
    } else {
      object = ZSObject(page: page, index: page.pointee.untouched)
      page.pointee.untouched &+= 1
    }
    page.pointee.inUse &+= 1
    if !own.pointee.isHuge { setWord(of: object, own, word) }
    settle(page, own)
    return object
  }

  /// Gives an object back, and its frames with the last (`zs_free()`).
  mutating func free(_ object: ZSObject) {
    let page = object.page
    let own = sizeClass(Int(page.pointee.sizeClass))
    setWord(of: object, own, UInt64(page.pointee.free) &<< 1)
    page.pointee.free = object.index
    page.pointee.inUse &-= 1
    settle(page, own)
  }

  private mutating func makePage(
    _ number: Int, _ own: KernelPointer<SizeClass>, _ flags: GFP
  ) -> KernelPointer<ZSPage>? {
    let plain = flags.subtracting([.highMemory, .movable])
    guard
      let page = pageCache.allocate(ZSPage(UInt16(truncatingIfNeeded: number)), plain)
    else { return nil }
    for index in 0..<Int(own.pointee.pages) {
      guard let frame = frames.pointee.allocate(flags) else {
        freeFrames(page, index)
        return nil
      }
      frames.pointee.count(.nr_zspages, of: frame, by: 1)
      page.pointee.frames[index] = UInt32(truncatingIfNeeded: frame.rawValue)
    }
    pages &+= UInt64(own.pointee.pages)
    return page
  }

  func freeFrames(_ page: KernelPointer<ZSPage>, _ count: Int) {
    for index in 0..<count {
      let frame = PageFrameNumber(UInt64(page.pointee.frames[index]))
      frames.pointee.count(.nr_zspages, of: frame, by: -1)
      frames.pointee.free(frame)
    }
    pageCache.free(page)
  }

  /// Puts a zspage on the list of what it has now (`fix_fullness_group()`).
  @inline(__always)
  private mutating func settle(
    _ page: KernelPointer<ZSPage>, _ own: KernelPointer<SizeClass>
  ) {
    let inUse = Int(page.pointee.inUse)
    let objects = Int(own.pointee.objects)
    let fullness: ZSPage.Fullness =
      inUse == 0
      ? .empty : inUse == objects ? .full : inUse <= 3 &* objects / 4 ? .almostEmpty : .almostFull
    guard fullness != page.pointee.fullness else { return }
    remove(page, own)
    page.pointee.fullness = fullness
    if fullness == .empty {
      pages &-= UInt64(own.pointee.pages)
      freeFrames(page, Int(own.pointee.pages))
    } else {
      insert(page, own)
    }
  }

  /// First on its list, or second, where the first has more in use (`insert_zspage()`).
  private func insert(_ page: KernelPointer<ZSPage>, _ own: KernelPointer<SizeClass>) {
    let head = first(page.pointee.fullness, own)
    if let head, page.pointee.inUse < head.pointee.inUse {
      page.pointee.previous = head
      page.pointee.next = head.pointee.next
      head.pointee.next?.pointee.previous = page
      head.pointee.next = page
    } else {
      page.pointee.previous = nil
      page.pointee.next = head
      head?.pointee.previous = page
      setFirst(page.pointee.fullness, own, page)
    }
  }

  func remove(_ page: KernelPointer<ZSPage>, _ own: KernelPointer<SizeClass>) {
    guard page.pointee.fullness != .empty else { return }
    if let previous = page.pointee.previous {
      previous.pointee.next = page.pointee.next
    } else {
      setFirst(page.pointee.fullness, own, page.pointee.next)
    }
    page.pointee.next?.pointee.previous = page.pointee.previous
  }

  func first(
    _ fullness: ZSPage.Fullness, _ own: KernelPointer<SizeClass>
  ) -> KernelPointer<ZSPage>? {
    switch fullness {
    case .empty: nil
    case .almostEmpty: own.pointee.almostEmpty
    case .almostFull: own.pointee.almostFull
    case .full: own.pointee.full
    }
  }

  private func setFirst(
    _ fullness: ZSPage.Fullness, _ own: KernelPointer<SizeClass>, _ page: KernelPointer<ZSPage>?
  ) {
    switch fullness {
    case .empty: break
    case .almostEmpty: own.pointee.almostEmpty = page
    case .almostFull: own.pointee.almostFull = page
    case .full: own.pointee.full = page
    }
  }

  /// Gives the classes back; there are no objects any more.
  func freeClasses() {
    precondition(pages == 0)
    let count = classCount
    unsafe slab.pointee.freeBytes(
      UnsafeMutableRawPointer(standsFor), ByteCount(UInt64(count &* 2)))
    unsafe slab.pointee.freeBytes(
      UnsafeMutableRawPointer(classes),
      ByteCount(UInt64(count &* MemoryLayout<SizeClass>.stride)))
  }
}
