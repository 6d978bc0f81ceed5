import Arm64
import BoardFormat
import HostBoard
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// A machine with one task, whose spaces' words are written and read as a processor would.
struct CompactionMachine {
  typealias Space = KernelPointer<AddressSpace<HostBoard>>

  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let memory: KernelPointer<MemoryContext<HostBoard>>
  let task: KernelPointer<TaskMemory<HostBoard>>

  init(_ size: PageSize, ram: ByteCount) throws {
    let machine = HostMachine(size, ram: ram)
    board = machine.board
    frames = machine.frames
    let slab = machine.makeHeap()
    let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let files = try FileSystem.start(
      board: board, frames: frames, slab: slab,
      sources: unsafe FileSystemSources(
        archive: none, standardInput: none, isInteractive: false, realtimeSeconds: 0))
    var limits = ResourceLimits()
    limits[.lockedMemory] = .init(soft: .max, hard: .max)
    task = kept(TaskMemory<HostBoard>(space: nil, limits: kept(limits)))
    guard
      let context = MemoryContext(
        board: board, frames: frames, slab: slab, files: files, statistics: kept(Statistics()),
        layout: KernelLayout(linux6_1: board.translation), current: task)
    else { fatalError("no memory context") }
    memory = kept(context)
  }

  var compactor: Compactor<HostBoard> { Compactor(memory) }
  var page: UInt64 { board.pageSize.bytes.rawValue }

  func makeSpace() throws -> Space {
    let space = try #require(AddressSpace.make(in: memory))
    space.pointee.setUpLayout(
      stackLimit: ByteCount(8 << 20), legacy: false, stackShift: .zero, offset: .zero)
    activate(space)
    return space
  }

  func activate(_ space: Space?) {
    task.pointee.space?.pointee.synchronizeResident()
    task.pointee.space = space
    if let space { _ = space.pointee.activation() }
  }

  func map(_ space: Space, _ pages: Int, shared: Bool) throws -> UInt64 {
    try space.pointee.map(
      MappingRequest(
        length: ByteCount(UInt64(pages) * page), protection: [.read, .write],
        flags: [shared ? .shared : .private, .anonymous])
    ).rawValue
  }

  /// The word at an address after a write, or of a read; faults are served.
  func access(_ space: Space, _ number: UInt64, storing value: UInt64? = nil) -> UInt64 {
    activate(space)
    let address = VirtualAddress(number)
    for _ in 0..<5 {
      if let slot = space.pointee.tables.entry(for: address), slot.pointee.isValid,
        slot.pointee.isYoung, value == nil || !slot.pointee.isReadOnly
      {
        let place = slot.pointee.output(in: board.translation) + address.offset(in: board.pageSize)
        if let value { board.store(value, at: place) }
        return board.load(at: place)
      }
      let outcome = space.pointee.handleFault(at: address, value == nil ? .read : .write)
      precondition(outcome == .resolved, "a fault that is not served")
    }
    fatalError("faults without end")
  }

  /// Free blocks of an order or larger.
  func blocks(from order: UInt64) -> Int {
    var sum = 0
    for current in order...frames.pointee.geometry.largest.rawValue {
      sum += frames.pointee.freeBlocks(.dma, Order(current)) << Int(current - order)
    }
    return sum
  }

  /// Everything that must hold between two steps.
  func check(_ spaces: [Space], _ seed: UInt64) {
    frames.pointee.drainLRU()
    frames.pointee.checkInvariants()
    let lists = frames.pointee.checkLRU()
    #expect(lists == nil, "seed \(seed)")
    let isolated = frames.pointee.statistic(.nr_isolated_anon)
    #expect(isolated == 0, "seed \(seed)")
    for space in spaces {
      let wrong = space.pointee.checkInvariants()
      #expect(wrong == nil, "seed \(seed)")
      let map = space.pointee.checkReverseMap()
      #expect(map == nil, "seed \(seed)")
    }
  }
}

extension Descriptor {
  fileprivate var isReadOnly: Bool { rawValue & Attributes.readOnly.rawValue != 0 }
}
