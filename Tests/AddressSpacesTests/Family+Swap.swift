import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Swap
import TestSupport

@testable import AddressSpaces

/// What pages are swapped to.
enum SwapKind: Sendable {
  case seeking, solidState, synchronous
}

extension TestMachine {
  /// Turns on a swap area in a block of RAM, with the header that mkswap writes.
  func addSwap(pages: UInt64, _ kind: SwapKind, _ number: Int) throws {
    guard let first = frames.pointee.allocate(Order(holding: PageCount(pages)), [.kernel, .zero])
    else { fatalError("no memory for swap") }
    let start = first.address(pageSize)
    board.store(UInt32(1), at: start + ByteCount(1024))
    board.store(UInt32(pages - 1), at: start + ByteCount(1028))
    for (index, byte) in "SWAPSPACE2".utf8.enumerated() {
      board.store(byte, at: start + ByteCount(page - 10 + UInt64(index)))
    }
    let device = SwapDevice<HostBoard>(
      boardFile: start, PageCount(pages), minor: UInt32(number), isSolidState: kind != .seeking,
      isSynchronous: kind == .synchronous)
    try context.pointee.swap.pointee.turnOn(
      device, name: "/dev/vda", identity: UInt(number) + 1)
  }
}

extension Family {
  /// Takes some pages of a process out of RAM, as reclaim would; or only part of the way.
  func swapOut(_ process: Int) {
    let space = processes[process].space
    let frames = machine.frames
    let context = machine.context
    if chance(1, of: 3) { frames.pointee.drainLRU() }
    for index in range() {
      guard let slot = space.pointee.tables.entry(for: address(index)), slot.pointee.isPresent,
        !slot.pointee.isSpecial
      else { continue }
      let number = slot.pointee.frame(in: machine.board.translation)
      guard frames.pointee.frame(number).pointee.state == .anonymous,
        frames.pointee.frame(number).pointee.flags.contains(.swapBacked),
        frames.pointee.isolate(number)
      else { continue }
      switch context.pointee.swapOut(number, shadow: { $0.rawValue }) {
      case .freed: frames.pointee.release(number)
      case .beingWritten:
        if chance(1, of: 2) { context.pointee.swap.pointee.waitForWrite(of: number) }
        frames.pointee.putBack(number)
      case .kept: frames.pointee.putBack(number)
      }
    }
  }
}
