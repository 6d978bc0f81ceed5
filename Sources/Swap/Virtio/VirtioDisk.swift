// A virtio block device behind a transport in memory: a disk that works while others run.
//
// Terms
// - A *request* is a chain of three descriptors: what is wanted (16 bytes that the device reads), the
//   page, and a byte of status that the device writes. Each request has its own three for ever.
// - The driver puts the head of a chain into the *available* ring and notifies the device; the device
//   puts it into the *used* ring when it is done, in whatever order, and interrupts.
//
// The device is not trusted with the kernel's memory: what stands in the used ring is compared with
// what was asked, and a device that says something else, or that stops to make sense, is reset and
// never used again: then all that it was given has failed. (It can write to the pages that it was
// given to read into, whenever it likes; that is what a bus without an IOMMU means.)
//
// Invariants (``VirtioDisk/checkInvariants()``)
// - a request is either on the stack of free ones or in flight, and `inFlight` counts the latter;
// - a frame that is read into or written from has a reference of its request's.
//
// Source: VIRTIO 1.1, chapters 2, 4.2 and 5.2; drivers/block/virtio_blk.c, drivers/virtio/ of Linux
// 6.1. `vq->lock` would guard the disk.

public import Arm64
public import KernelHeap
public import MemoryTypes
public import PageFrames

/// The disk `/dev/vda` of a board with virtio.
@safe public struct VirtioDisk<B: Board>: ~Copyable {
  let resident = Resident()
  let board: B
  let registers: VirtioRegisters<B>
  /// Descriptors and rings in one page, and the requests' own bytes in another.
  let rings: PhysicalAddress
  let bytes: PhysicalAddress
  /// Sectors of 512 bytes.
  public let sectors: UInt64
  /// It said what cannot be, or could not be started again.
  public internal(set) var isBroken = false
  var requests: InlineArray<40, Request> = .init(repeating: Request())
  var free: InlineArray<40, UInt8> = .init(repeating: 0)
  public internal(set) var inFlight = 0
  /// What was put into the available ring, and taken out of the used one, modulo 2^16.
  var available: UInt16 = 0
  var used: UInt16 = 0
  /// Requests of a broken device that are still to be said to have failed.
  var nextFailed = 0

  static var capacity: Int { 40 }
  static var queueSize: UInt16 { 128 }

  /// Something that the device is to do.
  enum Kind: UInt32, BitwiseCopyable {
    case read = 0
    case write = 1
  }

  struct Request: BitwiseCopyable {
    var kind = Kind.read
    var frame = PageFrameNumber(0)
    /// The page of the disk.
    var page: UInt64 = 0
    var isInFlight = false
  }

  /// What came of a request.
  struct Completion: BitwiseCopyable {
    var kind: Kind
    var frame: PageFrameNumber
    var page: UInt64
    var hasFailed: Bool
  }

  /// Where the parts of the page of rings begin: 128 descriptors of 16 bytes, the available ring, the
  /// used ring.
  static var availableOffset: UInt64 { 2048 }
  static var usedOffset: UInt64 { 2560 }

  /// Starts the device of a transport; nil where there is none that can be used, or no memory.
  public static func start(
    _ board: B, _ frames: KernelPointer<FrameAllocator<B>>,
    _ slab: KernelPointer<SlabAllocator<B>>, at base: UInt64
  ) -> KernelPointer<Self>? {
    let registers = VirtioRegisters(board: board, base: base)
    guard registers[.magic] == 0x7472_6976, registers[.version] == 2, registers[.device] == 2,
      let cache = slab.pointee.kmallocCache(of: Self.self, name: "virtio_blk")
    else { return nil }
    registers[.status] = 0
    registers[.status] = VirtioStatus.acknowledge
    registers[.status] = VirtioStatus.acknowledge | VirtioStatus.driver
    let offered = registers.features
    // With flush the device does not make each write durable, which no page of swap has to be.
    let wanted = VirtioFeature.version1 | VirtioFeature.flush
    guard offered & VirtioFeature.version1 != 0, offered & VirtioFeature.readOnly == 0 else {
      return refuse(registers)
    }
    registers.accept(offered & wanted)
    let negotiated =
      VirtioStatus.acknowledge | VirtioStatus.driver | VirtioStatus.featuresOK
    registers[.status] = negotiated
    registers[.queueSelect] = 0
    guard registers[.status] & VirtioStatus.featuresOK != 0, registers[.queueReady] == 0,
      registers[.queueMost] >= UInt32(queueSize)
    else { return refuse(registers) }
    guard let rings = frames.pointee.allocate([.kernel, .zero]) else { return refuse(registers) }
    guard let bytes = frames.pointee.allocate([.kernel, .zero]) else {
      frames.pointee.free(rings)
      return refuse(registers)
    }
    let sectors = UInt64(registers.field(0)) | UInt64(registers.field(4)) &<< 32
    let disk = cache.allocate(
      Self(
        board, registers, rings.address(board.pageSize), bytes.address(board.pageSize), sectors))
    guard let disk else {
      frames.pointee.free(rings)
      frames.pointee.free(bytes)
      return refuse(registers)
    }
    disk.pointee.startQueue()
    registers[.status] = negotiated | VirtioStatus.driverOK
    return disk
  }

  private static func refuse(_ registers: VirtioRegisters<B>) -> KernelPointer<Self>? {
    registers[.status] = VirtioStatus.failed
    return nil
  }

  private init(
    _ board: B, _ registers: VirtioRegisters<B>, _ rings: PhysicalAddress,
    _ bytes: PhysicalAddress, _ sectors: UInt64
  ) {
    self.board = board
    self.registers = registers
    self.rings = rings
    self.bytes = bytes
    self.sectors = sectors
    for index in 0..<Self.capacity { free[index] = UInt8(truncatingIfNeeded: index) }
  }

  /// Writes the parts of the descriptors that never change, and tells the device where the rings are.
  private func startQueue() {
    for index in 0..<UInt64(Self.capacity) {
      let head = index &* 3
      set(head, header(index), 16, flags: Descriptor.next, next: head &+ 1)
      set(
        head &+ 2, header(index) + ByteCount(16), 1, flags: Descriptor.write, next: 0)
    }
    registers[.queueSize] = UInt32(Self.queueSize)
    registers.setAddress(.queueDescriptors, rings.rawValue)
    registers.setAddress(.queueAvailable, rings.rawValue &+ Self.availableOffset)
    registers.setAddress(.queueUsed, rings.rawValue &+ Self.usedOffset)
    board.orderDeviceAccesses()
    registers[.queueReady] = 1
  }

  /// What is in a descriptor's flags (VIRTIO 1.1, 2.6.5).
  struct Descriptor {
    static var next: UInt16 { 1 }
    static var write: UInt16 { 2 }
  }

  /// Where a request's 16 bytes are, with its status behind them.
  func header(_ index: UInt64) -> PhysicalAddress { bytes + ByteCount(index &* 64) }

  /// Writes a descriptor.
  func set(
    _ number: UInt64, _ address: PhysicalAddress, _ length: UInt32, flags: UInt16, next: UInt64
  ) {
    let place = rings + ByteCount(number &* 16)
    board.store(address.rawValue, at: place)
    board.store(length, at: place + ByteCount(8))
    board.store(flags, at: place + ByteCount(12))
    board.store(UInt16(truncatingIfNeeded: next), at: place + ByteCount(14))
  }

  /// What is wrong with the requests; for tests.
  public func checkInvariants() -> StaticString? {
    var seen: UInt64 = 0
    for index in inFlight..<Self.capacity {
      let number = Int(free[index])
      if seen & 1 &<< UInt64(number) != 0 || requests[number].isInFlight { return "a free request" }
      seen |= 1 &<< UInt64(number)
    }
    for index in 0..<Self.capacity
    where seen & 1 &<< UInt64(index) == 0 && !requests[index].isInFlight {
      return "a lost request"
    }
    return nil
  }
}
