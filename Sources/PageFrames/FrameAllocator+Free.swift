import Arm64
import BoardFormat
public import MemoryTypes

extension FrameAllocator {
  /// Takes back one frame, whatever its reference count: the straight-line path.
  ///
  /// Traps on a frame that nobody has, or that page tables still map.
  public mutating func free(_ number: PageFrameNumber) {
    if !board.traced.isDisjoint(with: .framesOrSanitizer) { traceFree(number, 0) }
    let frame = frames[number]
    precondition(frame.pointee.state.isAllocated && frame.pointee.blockOrder == 0)
    precondition(frame.pointee.mapCount == 0)
    if frame.pointee.charge != 0 { uncharge(frame, 0) }
    let zone = zone(of: number)
    let block = frames[PageFrameNumber(number.rawValue & blockMask)]
    let type = block.pointee.pageblock ^ 1
    frame.pointee.release(to: .perCPU, type)
    // Blocks kept for atomic allocations are lent to movable pages.
    let index = Int(type == MigrateType.highAtomic.rawValue ? MigrateType.movable.rawValue : type)
    zone.pointee.perCPU.heads[index].prepend(frame)
    zone.pointee.freed &+= 1
    let held = zone.pointee.perCPU.count &+ 1
    zone.pointee.perCPU.count = held
    if held >= zone.pointee.perCPU.limits.high { trim(zone, index) }
  }

  /// Takes back a block, whatever its first frame's reference count.
  public mutating func free(_ number: PageFrameNumber, _ order: Order) {
    if order == .zero { return free(number) }
    let frame = frames[number]
    let order = Int(order.rawValue)
    if !board.traced.isDisjoint(with: .framesOrSanitizer) { traceFree(number, order) }
    precondition(frame.pointee.state.isAllocated && Int(frame.pointee.blockOrder) == order)
    precondition(frame.pointee.mapCount == 0)
    if frame.pointee.charge != 0 { uncharge(frame, order) }
    let zone = zone(of: number)
    frame.pointee.release(to: .untouched, 0)
    zone.pointee.freed &+= 1 &<< order
    if zone.pointee.isPerCPU(order) {
      zone.pointee.freePerCPU(number, order)
    } else {
      zone.pointee.freeBlock(number, order, zone.pointee.blockType(of: number))
    }
  }

  /// Makes the frames of an allocated block single ones, each to be freed on its own
  /// (`split_page()`).
  public mutating func split(_ number: PageFrameNumber, _ order: Order) {
    precondition(Order(UInt64(frames[number].pointee.blockOrder)) == order)
    let charge = frames[number].pointee.charge
    if charge != 0 { splitCharge(charge, Int(order.pages.rawValue)) }
    for offset in 0..<order.pages.rawValue {
      let frame = frames[number + PageCount(offset)]
      frame.pointee.state = .kernel
      frame.pointee.blockOrder = 0
      frame.pointee.referenceCount = 1
      frame.pointee.charge = charge
    }
  }

  /// Returns all per-CPU lists to the buddy lists (`drain_all_pages()`).
  public mutating func drain() {
    zones.forEachPopulated { $0.pointee.drain($0.pointee.perCPU.count) }
  }

  @inline(never)
  private func trim(_ zone: KernelPointer<Zone>, _ index: Int) {
    zone.pointee.trim(all: false, index)
  }
}

extension Frame {
  /// Says nothing any more: the frame is part of a larger block, or about to be given away.
  @inline(__always)
  mutating func setUntouched() {
    state = .untouched
    blockOrder = 0
  }

  /// Ends an owner's time: clears what was its.
  mutating func release(to newState: State, _ type: UInt8) {
    state = newState
    blockOrder = 0
    lockCount = 0
    flags = []
    mapping = 0
    index = UInt64(type)
    privateWord = 0
    mapCount = 0
    referenceCount = 0
  }
}
