import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport
import Testing

@testable import AddressSpaces

/// A machine with one task, whose spaces' words are written and read as a processor would.
struct CompactionMachine {
  typealias Space = HostMemory.Space

  let memory: HostMemory

  init(_ size: PageSize, ram: ByteCount) throws {
    var limits = ResourceLimits()
    limits[.lockedMemory] = .init(soft: .max, hard: .max)
    memory = try HostMemory(HostMachine(size, ram: ram), limits: limits)
  }

  var board: HostBoard { memory.board }
  var frames: KernelPointer<FrameAllocator<HostBoard>> { memory.frames }
  var context: KernelPointer<MemoryContext<HostBoard>> { memory.context }
  var compactor: Compactor<HostBoard> { Compactor(context) }
  var page: UInt64 { memory.page }

  func map(_ space: Space, _ pages: Int, shared: Bool) throws -> UInt64 {
    try space.pointee.map(
      MappingRequest(
        length: ByteCount(UInt64(pages) * page), protection: [.read, .write],
        flags: [shared ? .shared : .private, .anonymous])
    ).rawValue
  }

  /// The word at an address after a write, or of a read; faults are served.
  func access(_ space: Space, _ address: UInt64, storing value: UInt64? = nil) -> UInt64 {
    memory.activate(space)
    guard case .value(let word) = space.pointee.access(address, storing: value) else {
      fatalError("a fault that is not served")
    }
    return word
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
