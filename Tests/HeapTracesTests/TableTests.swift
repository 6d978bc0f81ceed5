import Testing

@testable import HeapTraces

@Suite struct TableTests {
  /// The address table beside a dictionary, the slots beside a stack.
  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func theyDoAsTheirModels(seed: UInt64) {
    var state = seed
    func next(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    var table = AddressTable()
    var slots = SlotList()
    var model: [UInt64: UInt32] = [:]
    var free: [UInt32] = []
    var count: UInt32 = 0
    for step in 0..<30_000 {
      // Few addresses, so that runs are long, and some far apart.
      let address = (next(4000) + 1) << (next(8) == 0 ? 24 : 4)
      if let slot = model[address] {
        #expect(table.slot(at: address) == slot)
        if next(3) > 0 || step > 25_000 {
          #expect(table.remove(address) == slot, "seed \(seed), step \(step)")
          #expect(slots.release(slot) && !slots.release(slot))
          model[address] = nil
          free.append(slot)
        }
      } else {
        #expect(table.slot(at: address) == nil && table.remove(address) == nil)
        let expected = free.popLast() ?? count
        if expected == count { count += 1 }
        #expect(slots.take() == expected)
        table.insert(address, expected)
        model[address] = expected
      }
    }
    #expect(table.count == model.count)
    for (address, slot) in model { #expect(table.slot(at: address) == slot) }
    #expect(slots.liveCount == UInt32(model.count) && slots.count == count)
  }
}
