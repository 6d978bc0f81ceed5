import Arm64
import BoardFormat
import HostBoard
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

typealias Space = KernelPointer<AddressSpace<HostBoard>>

/// The machine a test runs on, by page size and VA bits.
struct Configuration: CustomTestStringConvertible, Sendable {
  var pageSize: PageSize
  var vaBits: UInt64
  var hardwareDirty = false
  static let all = [
    Configuration(pageSize: .fourKiB, vaBits: 48),
    Configuration(pageSize: .fourKiB, vaBits: 39, hardwareDirty: true),
    Configuration(pageSize: .sixteenKiB, vaBits: 47),
    Configuration(pageSize: .sixtyFourKiB, vaBits: 42, hardwareDirty: true),
  ]
  var testDescription: String {
    "\(pageSize.bytes.kibibytes)K/\(vaBits)\(hardwareDirty ? " hw" : "")"
  }
}

/// RAM, frames, heap, files and memory context on the host board, and one task.
struct TestMachine {
  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let slab: KernelPointer<SlabAllocator<HostBoard>>
  let files: KernelPointer<FileSystem<HostBoard>>
  let context: KernelPointer<MemoryContext<HostBoard>>
  let task: KernelPointer<TaskMemory<HostBoard>>
  let limits: KernelPointer<ResourceLimits>
  let statistics: KernelPointer<Statistics>
  let layout: KernelLayout

  init(_ configuration: Configuration, ram: ByteCount = .mebibytes(128)) throws {
    let machine = HostMachine(
      configuration.pageSize, vaBits: configuration.vaBits, ram: ram,
      hasHardwareAccessAndDirty: configuration.hardwareDirty)
    board = machine.board
    frames = machine.frames
    slab = machine.makeHeap()
    let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let sources = unsafe FileSystemSources(
      archive: none, standardInput: none, isInteractive: false, realtimeSeconds: 0)
    files = try FileSystem.start(board: board, frames: frames, slab: slab, sources: sources)
    statistics = kept(Statistics())
    var few = ResourceLimits()
    few[.stack] = .init(soft: 8 << 20, hard: .max)
    few[.lockedMemory] = .init(soft: 8 << 20, hard: 8 << 20)
    limits = kept(few)
    task = kept(TaskMemory<HostBoard>(space: nil, limits: limits))
    layout = KernelLayout(linux6_1: board.translation)
    guard
      let context = MemoryContext(
        board: board, frames: frames, slab: slab, files: files, statistics: statistics,
        layout: layout, current: task)
    else { fatalError("no memory context") }
    self.context = kept(context)
  }

  var pageSize: PageSize { board.pageSize }
  var page: UInt64 { board.pageSize.bytes.rawValue }

  /// An empty space with the usual layout, which becomes the task's.
  func makeSpace() throws -> Space {
    let space = try #require(AddressSpace.make(in: context))
    space.pointee.setUpLayout(
      stackLimit: ByteCount(limits.pointee[.stack].soft), legacy: false, stackShift: .zero,
      offset: .zero)
    space.pointee.startHeap(at: VirtualAddress(0x1000_0000))
    activate(space)
    return space
  }

  /// Switches the task to a space.
  func activate(_ space: Space?) {
    task.pointee.space?.pointee.synchronizeResident()
    task.pointee.space = space
    if let space { _ = space.pointee.activation() }
  }

  func end() { board.release() }
}

/// `#expect` for conditions with objects in place, which the macro would copy.
func check(
  _ condition: Bool, _ note: Comment = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(condition, note, sourceLocation: sourceLocation)
}

/// A processor's loads and stores: translation, then a fault and another try, as an MMU and its
/// kernel would.
extension AddressSpace where B == HostBoard {
  enum Access: Equatable {
    case value(UInt64)
    case failed(FaultOutcome)
  }

  mutating func load(_ address: UInt64) -> Access { access(address, storing: nil) }

  mutating func store(_ value: UInt64, at address: UInt64) -> Access {
    access(address, storing: value)
  }

  mutating func access(_ number: UInt64, storing value: UInt64?) -> Access {
    let address = VirtualAddress(number)
    for _ in 0..<5 {
      if let slot = tables.entry(for: address), translates(slot, write: value != nil) {
        let at = slot.pointee.output(in: board.translation) + address.offset(in: pageSize)
        if let value { board.store(value, at: at) }
        return .value(board.load(at: at))
      }
      let outcome = handleFault(at: address, value == nil ? .read : .write)
      if outcome != .resolved { return .failed(outcome) }
    }
    fatalError("faults without end")
  }

  /// What the MMU does with an entry, hardware access flag and dirty state included.
  mutating func translates(_ slot: KernelPointer<Descriptor>, write: Bool) -> Bool {
    var descriptor = slot.pointee
    guard descriptor.isValid, descriptor.isUser else { return false }
    if board.hasHardwareAccessAndDirty {
      descriptor = descriptor.madeYoung
      if write && descriptor.isWritable {
        descriptor = Descriptor(
          descriptor.rawValue & ~Descriptor.Attributes.readOnly.rawValue)
      }
      slot.pointee = descriptor
    }
    guard descriptor.isYoung else { return false }
    return !write || descriptor.rawValue & Descriptor.Attributes.readOnly.rawValue == 0
  }
}
