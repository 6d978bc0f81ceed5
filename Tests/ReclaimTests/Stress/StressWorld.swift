import Arm64
import HostBoard
import KernelHeap
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import Swap
import TestSupport

@testable import AddressSpaces
@testable import Files

/// A machine on which everything happens at random, and what every word of it must be.
///
/// Programs have three mappings: memory of their own in chunks, memory that they share with those
/// they were forked from and with, and a file, shared and privately. Of each page the first and the
/// last word are known; of the file's pages the first.
struct StressWorld {
  typealias Space = KernelPointer<AddressSpace<HostBoard>>

  static let chunkPages = 16
  static let ownPages = 192
  static let sharedPages = 24
  static let filePages = 200

  let machine: ReclaimMachine
  let seed: UInt64
  var random: Random
  var programs: [StressProgram] = []
  var groups: [KernelPointer<MemoryGroup>] = []
  /// What is written where in the file, where it is not as it was made.
  var file: [Int: UInt64] = [:]
  var step = 0
  /// How often something came to pass that is worth a test only if it does.
  var seen: [String: Int] = [:]
  var swapPages: UInt64
  var isSwapOn = false
  /// Where nothing was mapped yet.
  var nextPlace: UInt64 = 0x40_0000_0000

  init(_ size: PageSize, seed: UInt64) throws {
    // A page block is 512 MiB on 64K pages: there the scanners have nothing to do.
    let ram: ByteCount =
      size == .fourKiB ? .mebibytes(6) : size == .sixteenKiB ? .mebibytes(10) : .mebibytes(36)
    machine = try ReclaimMachine(
      size, ram: ram, pages: Self.filePages, notesAccesses: seed / 1000 % 2 == 0)
    self.seed = seed
    random = Random(seed: seed)
    swapPages = ram.wholePages(of: size).rawValue
    machine.machine.limits.pointee[.lockedMemory] = .init(soft: .max, hard: .max)
    try machine.addSwap(pages: swapPages)
    isSwapOn = true
  }

  var frames: KernelPointer<FrameAllocator<HostBoard>> { machine.frames }
  var memory: KernelPointer<MemoryContext<HostBoard>> { machine.memory }
  var swap: KernelPointer<SwapSpace<HostBoard>> { machine.memory.pointee.swap }
  var page: UInt64 { machine.board.pageSize.bytes.rawValue }
  var compactor: Compactor<HostBoard> { Compactor(machine.memory) }

  mutating func chance(_ one: Int, of all: Int) -> Bool { random.below(all) < one }
  mutating func note(_ what: String) { seen[what, default: 0] += 1 }

  mutating func turnSwapOn() {
    do throws(Errno) {
      try machine.addSwap(pages: swapPages)
      isSwapOn = true
    } catch { frames.pointee.shortage = nil }
  }

  /// Lets a program run: what it does is charged to its group.
  func activate(_ program: StressProgram) {
    let task = machine.machine.task
    if task.pointee.space != program.space {
      task.pointee.space?.pointee.synchronizeResident()
      task.pointee.space = program.space
      _ = program.space.pointee.activation()
    }
    frames.pointee.groups.current = program.group
  }

  /// Nobody runs.
  func deactivate() {
    machine.machine.task.pointee.space?.pointee.synchronizeResident()
    machine.machine.task.pointee.space = nil
    frames.pointee.groups.current = nil
  }

  // Processors.

  /// The word at an address after a write, or of a read; faults are served, and room made.
  ///
  /// Nil where there is none to be made.
  mutating func access(
    _ program: StressProgram, _ number: UInt64, storing value: UInt64? = nil
  ) -> UInt64? {
    activate(program)
    let board = machine.board
    let address = VirtualAddress(number)
    for _ in 0..<100 {
      if let slot = program.space.pointee.tables.entry(for: address), slot.pointee.isValid,
        slot.pointee.isYoung, value == nil || !slot.pointee.isReadOnly
      {
        let place =
          slot.pointee.output(in: board.translation) + address.offset(in: board.pageSize)
        if let value { board.store(value, at: place) }
        return board.load(at: place)
      }
      switch program.space.pointee.handleFault(at: address, value == nil ? .read : .write) {
      case .resolved: continue
      case .outOfMemory: guard makeRoom() else { return nil }
      case let outcome: fatalError("seed \(seed), step \(step): \(outcome) at \(number)")
      }
    }
    return nil
  }

  /// What `KernelState.makeRoom()` does, less waiting and killing; false where it was no use.
  mutating func makeRoom() -> Bool {
    guard let shortage = frames.pointee.shortage else { return false }
    frames.pointee.shortage = nil
    note(shortage.group == 0 ? "short of frames" : "a group's limit")
    for _ in 0..<8 {
      var scan = ScanControl(shortage.flags, highest: shortage.flags.highestZone)
      scan.group = shortage.group
      scan.order = Int(shortage.order.rawValue)
      scan.wanted = max(shortage.pages, 32)
      if machine.reclaimer.free(&scan) > 0 { return true }
      swap.pointee.waitForWrites()
      frames.pointee.drain(for: shortage)
      if shortage.group == 0, frames.pointee.hasRoom(for: shortage) { return true }
      if shortage.group == 0, shortage.order > .zero {
        let result = compactor.compact(
          for: Int(shortage.order.rawValue), shortage.flags, .light, threshold: 0)
        if result == .success { return true }
      }
    }
    return false
  }
}

/// What programs share that were forked from one another.
final class StressSharing {
  var words = [UInt64](repeating: 0, count: StressWorld.sharedPages)
}

/// A program: where its pages are, and what they must be.
struct StressProgram {
  let space: StressWorld.Space
  var group: KernelPointer<MemoryGroup>?
  /// Where each chunk of its own pages begins, and the words in them.
  var chunks: [UInt64]
  var own: [Content]
  let shared: UInt64
  let sharing: StressSharing
  let file: UInt64
  let copy: UInt64
  /// What was written into the private mapping of the file.
  var copied: [Int: UInt64] = [:]

  /// What a page is, or may be.
  enum Content: Equatable {
    case word(UInt64)
    /// After MADV_FREE: as it was, or zeros.
    case perhaps(UInt64)
  }

  func place(_ index: Int, _ page: UInt64) -> UInt64 {
    chunks[index / StressWorld.chunkPages] + UInt64(index % StressWorld.chunkPages) * page
  }
}

extension Descriptor {
  var isReadOnly: Bool { rawValue & Attributes.readOnly.rawValue != 0 }
}
