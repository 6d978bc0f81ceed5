import Arm64
import MemoryTypes

extension FrameAllocator {
  /// Traps if the lists, the counters and the frames do not agree: every managed frame is in
  /// exactly one block, which is free and in the free list of its order, on a per-CPU list, or
  /// allocated.
  public func checkInvariants() {
    zones.forEachPopulated { zone in
      zone.pointee.checkFreeLists()
      zone.pointee.checkPerCPULists()
    }
    var total = 0
    var allocated = 0
    for bank in 0..<banks.count {
      let (managed, owned) = checkBlocks(
        PageFrameNumber(containing: banks[bank].start, board.pageSize),
        PageFrameNumber(containing: banks[bank].end, board.pageSize))
      total &+= managed
      allocated &+= owned
    }
    precondition(total == Int(managed.rawValue))
    precondition(allocated &+ Int(unused.rawValue) == total)
  }

  /// Walks the blocks of a range of RAM: the frames in any, and in allocated ones.
  private func checkBlocks(
    _ start: PageFrameNumber, _ end: PageFrameNumber
  ) -> (managed: Int, allocated: Int) {
    var managed = 0
    var allocated = 0
    var number = start
    while number < end {
      let frame = frames[number]
      let state = frame.pointee.state
      guard state != .untouched else {
        precondition(frame.pointee.referenceCount == 0 && frame.pointee.blockOrder == 0)
        number += PageCount(1)
        continue
      }
      let order = Order(UInt64(frame.pointee.blockOrder))
      precondition(number.isAligned(to: order))
      // Nothing inside a block speaks for itself; no block leaves RAM.
      for offset in 1..<max(order.pages.rawValue, 1) {
        precondition(frames[number + PageCount(offset)].pointee.state == .untouched)
      }
      precondition(number + order.pages <= end)
      managed &+= Int(order.pages.rawValue)
      if state.isAllocated {
        allocated &+= Int(order.pages.rawValue)
      } else {
        precondition(frame.pointee.referenceCount == 0 && frame.pointee.mapCount == 0)
        precondition(frame.pointee.flags == [] && frame.pointee.mapping == 0)
      }
      number += order.pages
    }
    return (managed, allocated)
  }
}

extension Zone {
  /// Every block in a free list is free, of the list's order, and its buddy is not free too.
  func checkFreeLists() {
    var sum = 0
    for order in 0...largestOrder {
      var blocks = 0
      for type in 0..<MigrateType.count {
        var count = 0
        let list = freeLists[order &* MigrateType.count &+ type]
        forEach(list) { frame in
          count &+= 1
          let number = frames.number(of: frame)
          precondition(isFree(number, order))
          precondition(
            number >= firstFrame && number.rawValue < firstFrame.rawValue &+ UInt64(spanned))
          if order < largestOrder {
            let buddy = number.buddy(Order(UInt64(order)))
            precondition(
              !isFree(buddy, order) || blockType(of: buddy) == .highAtomic
                || blockType(of: number) == .highAtomic)
          }
        }
        blocks &+= count
      }
      precondition(blocks == freeBlocks[order])
      sum &+= blocks &<< order
    }
    precondition(sum == free)
  }

  func checkPerCPULists() {
    var sum = 0
    for index in 0..<PerCPULists.lists {
      forEach(perCPU.heads[index]) { frame in
        precondition(frame.pointee.state == .perCPU)
        sum &+= 1 &<< Int(frame.pointee.blockOrder)
      }
    }
    precondition(sum == perCPU.count)
  }

  private func forEach(_ list: FrameList, _ body: (KernelPointer<Frame>) -> Void) {
    var next = list.first
    while let frame = next {
      body(frame)
      next = list.frame(after: frame)
    }
  }
}
