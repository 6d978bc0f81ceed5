public import Arm64
public import BoardFormat
public import MemoryTypes

#if canImport(Glibc)
import Glibc
#endif

/// The board that is this process: RAM is one sparse mapping, TLB maintenance is recorded.
///
/// A board is copied freely; who made it gives the mapping back with ``release()``.
@safe public struct HostBoard: Board, @unchecked Sendable {
  public let translation: TranslationGeometry
  public let hasHardwareAccessAndDirty: Bool
  /// The physical address of the first byte of RAM, as on QEMU's `virt`.
  public static let ramBase = PhysicalAddress(0x4000_0000)

  let mapping: UnsafeMutableRawPointer
  /// The mapping's length: RAM's whole span, holes included.
  public let span: ByteCount
  let frameTableMapping: UnsafeMutableRawPointer
  let log: UnsafeMutablePointer<InvalidationLog>

  /// Maps RAM; fails where the host has no room for the span.
  public init?(
    translation: TranslationGeometry, span: ByteCount, hasHardwareAccessAndDirty: Bool = false
  ) {
    let bytes = Int(span.rawValue)
    guard
      let mapping = unsafe mmap(
        nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      unsafe mapping != MAP_FAILED
    else { return nil }
    let tableBytes = Self.frameTableBytes(span, translation.pageSize)
    guard
      let table = unsafe mmap(
        nil, tableBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      unsafe table != MAP_FAILED
    else {
      unsafe munmap(mapping, bytes)
      return nil
    }
    unsafe frameTableMapping = table
    self.translation = translation
    self.hasHardwareAccessAndDirty = hasHardwareAccessAndDirty
    unsafe self.mapping = mapping
    self.span = span
    unsafe log = .allocate(capacity: 1)
    unsafe log.initialize(to: InvalidationLog())
  }

  /// Unmaps RAM; no copy of the board may be used after it.
  public func release() {
    unsafe munmap(frameTableMapping, Self.frameTableBytes(span, pageSize))
    unsafe munmap(mapping, Int(span.rawValue))
    unsafe log.deinitialize(count: 1)
    unsafe log.deallocate()
  }

  /// Where the kernel would map its frame table: the address of frame 0's entry of 64 bytes.
  ///
  /// The entries of RAM's span, which begins further up, are memory that reads as zeros.
  public var frameTableBase: UnsafeMutableRawPointer {
    unsafe frameTableMapping - Int((Self.ramBase.rawValue &>> pageSize.shift) &* 64)
  }

  /// The bytes of 64 for each page of the span, with whole sections' worth of room behind.
  static func frameTableBytes(_ span: ByteCount, _ size: PageSize) -> Int {
    Int(((span.rawValue + (1 << 30)) &>> size.shift) &* 64)
  }

  public var pageSize: PageSize { translation.pageSize }

  public func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer {
    let offset = address - Self.ramBase
    precondition(offset < span, "physical address outside RAM")
    return unsafe mapping + Int(offset.rawValue)
  }

  public func physicalAddress(of pointer: UnsafeRawPointer) -> PhysicalAddress {
    let offset = unsafe pointer - UnsafeRawPointer(mapping)
    precondition(offset >= 0 && offset < Int(span.rawValue), "pointer outside RAM")
    return Self.ramBase + ByteCount(UInt64(offset))
  }

  public func clearPages(at address: PhysicalAddress, _ count: PageCount, _ size: PageSize) {
    unsafe memset(pointer(to: address), 0, Int(count.bytes(of: size).rawValue))
  }

  public func copyPage(
    from source: PhysicalAddress, to target: PhysicalAddress, _ size: PageSize
  ) {
    unsafe memcpy(pointer(to: target), pointer(to: source), Int(size.bytes.rawValue))
  }

  /// What is recorded for ``takeTrace()``; nothing unless a test says so.
  public var traced: TraceCategories {
    get { unsafe log.pointee.traced }
    nonmutating set { unsafe log.pointee.traced = newValue }
  }

  public func trace(_ record: TraceRecord) { unsafe log.pointee.trace.append(record) }

  /// The records since the last call, oldest first.
  public func takeTrace() -> [TraceRecord] {
    let all = unsafe log.pointee.trace
    unsafe log.pointee.trace.removeAll(keepingCapacity: true)
    return all
  }

  public func invalidate(_ invalidation: TLBInvalidation) {
    if traced.contains(.tlb) { trace(TraceRecord(invalidation)) }
    unsafe log.pointee.invalidations.append(invalidation)
  }

  public func publishDescriptors() {}

  public func synchronizeInstructions(at address: PhysicalAddress, _ length: ByteCount) {}

  /// Time moves one tick a reading, so that tests repeat.
  public var clock: MachineTime {
    unsafe log.pointee.ticks += 1
    return unsafe MachineTime(ticks: log.pointee.ticks, frequency: 62_500_000)
  }

  /// The invalidations since the last call, oldest first.
  public func takeInvalidations() -> [TLBInvalidation] {
    let all = unsafe log.pointee.invalidations
    unsafe log.pointee.invalidations.removeAll(keepingCapacity: true)
    return all
  }
}

/// A device in the board's window of devices, made by a test.
public protocol HostDevice: AnyObject {
  func read(_ offset: UInt64) -> UInt32
  func write(_ offset: UInt64, _ value: UInt32)
  /// Somebody waits: now it is its turn to do something.
  func wait()
}

extension HostBoard {
  /// The device behind the window; none unless a test says so.
  public var device: (any HostDevice)? {
    get { unsafe log.pointee.device }
    nonmutating set { unsafe log.pointee.device = newValue }
  }

  public func readDevice(_ offset: UInt64) -> UInt32 { device?.read(offset) ?? 0 }
  public func writeDevice(_ offset: UInt64, _ value: UInt32) { device?.write(offset, value) }
  public func waitForDevice() { device?.wait() }
}

struct InvalidationLog {
  var device: (any HostDevice)?
  var invalidations: [TLBInvalidation] = []
  var ticks: UInt64 = 0
  var traced: TraceCategories = []
  var trace: [TraceRecord] = []
}
