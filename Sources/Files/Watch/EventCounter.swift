import Arm64
import KernelHeap
public import MemoryTypes

/// A number that can be waited for (eventfd, fs/eventfd.c).
struct EventCounter: BitwiseCopyable {
  var value: UInt64
  /// Whether a read takes one off, rather than all (EFD_SEMAPHORE).
  var isSemaphore: Bool
}

extension FileSystem {
  /// Makes one; EFD_SEMAPHORE is 1, the other flags are those of open.
  public func makeEventCounter(
    _ value: UInt32, isSemaphore: Bool, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    guard let memory = unsafe slab.pointee.allocateBytes(Self.counterSize) else { throw .ENOMEM }
    let counter = unsafe memory.bindMemory(to: EventCounter.self, capacity: 1)
    unsafe counter.initialize(
      to: EventCounter(value: UInt64(value), isSemaphore: isSemaphore))
    do throws(Errno) {
      return try makeNameless(
        .eventCounter(address: UInt(bitPattern: counter)), "[eventfd]",
        flags.intersection(.nonBlocking).union(.readWrite))
    } catch {
      unsafe slab.pointee.freeBytes(memory, Self.counterSize)
      throw error
    }
  }

  private static var counterSize: ByteCount { ByteCount(64) }

  private func counter(_ address: UInt) -> KernelPointer<EventCounter> {
    // SAFETY: the address of the counter that its inode owns.
    unsafe KernelPointer(
      UnsafeMutablePointer<EventCounter>(bitPattern: address).unsafelyUnwrapped)
  }

  func freeCounter(_ address: UInt) {
    guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    unsafe slab.pointee.freeBytes(memory, Self.counterSize)
  }

  func counterReadiness(_ address: UInt) -> Readiness {
    let value = counter(address).pointee.value
    var ready: Readiness = []
    if value > 0 { ready.formUnion(.input) }
    if value == .max { ready.formUnion(.failed) }
    if value < .max - 1 { ready.formUnion(.output) }
    return ready
  }

  func readCounter(
    _ address: UInt, _ count: UInt64, _ sink: ByteSink, _ inode: KernelPointer<Inode>
  ) throws(Errno) -> Int {
    guard count >= 8 else { throw .EINVAL }
    let counter = counter(address)
    guard counter.pointee.value > 0 else { throw .EAGAIN }
    let taken = counter.pointee.isSemaphore ? 1 : counter.pointee.value
    counter.pointee.value &-= taken
    happened(to: inode)
    let word: InlineArray<1, UInt64> = [taken]
    guard try word.withBytes(8, sink) == 8 else { throw .EFAULT }
    return 8
  }

  func writeCounter(
    _ address: UInt, _ count: UInt64, _ source: ByteSource, _ inode: KernelPointer<Inode>
  ) throws(Errno) -> Int {
    guard count >= 8 else { throw .EINVAL }
    var word: InlineArray<1, UInt64> = [0]
    guard try word.withRoom(8, source) == 8 else { throw .EFAULT }
    guard word[0] != .max else { throw .EINVAL }
    let counter = counter(address)
    guard word[0] < .max &- counter.pointee.value else { throw .EAGAIN }
    counter.pointee.value &+= word[0]
    happened(to: inode)
    return 8
  }
}
