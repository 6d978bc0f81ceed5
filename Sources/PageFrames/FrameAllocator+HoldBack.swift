import Arm64
public import MemoryTypes

extension FrameAllocator {
  /// Takes frames for ever until only so many are free: what a kernel that runs more would have.
  ///
  /// Largest blocks first, of the kernel's own type, as what a start-up leaves behind lies together.
  /// Zero takes none.
  public mutating func holdBack(untilFree pages: PageCount) {
    guard pages > .zero else { return }
    var order = geometry.largest
    while true {
      // What a refill took off the lists is free as well.
      drain()
      guard free > pages else { return }
      let excess = PageCount(free.rawValue &- pages.rawValue)
      while order > .zero && order.pages > excess { order = Order(order.rawValue &- 1) }
      if allocate(order, .kernel) == nil {
        guard order > .zero else { return }
        order = Order(order.rawValue &- 1)
      }
    }
  }
}
