import Arm64
import KernelHeap
import MemoryTypes
import PageFrames

/// Taking slots and giving them back, through the stocks (mm/swap_slots.c).
extension SwapSpace {
  /// A slot for a page, which the cache is to have at once; nil where all are full
  /// (`folio_alloc_swap()`).
  mutating func allocateSlot() -> SwapEntry? {
    if isStockActive() {
      if stock.left == 0 { refill() }
      if stock.left > 0 {
        let entry = stock.slots[stock.next]
        stock.next &+= 1
        stock.left &-= 1
        return entry
      }
    }
    var one = InlineArray<64, SwapEntry>(repeating: SwapEntry(rawValue: 0))
    return takeSlots(1, &one) == 1 ? one[0] : nil
  }

  /// Whether slots are kept; begins and ends it as they become many or few (`check_cache_active()`).
  private mutating func isStockActive() -> Bool {
    guard stock.isEnabled else { return false }
    if !stock.isActive {
      stock.isActive = freePages > SlotStock.enough
    } else if freePages < SlotStock.few {
      emptyStocks()
      stock.isActive = false
    }
    return stock.isActive
  }

  /// get_swap_pages() for a stock: nothing else refers to it meanwhile.
  private mutating func refill() {
    var slots = stock.slots
    let count = takeSlots(SlotStock.capacity, &slots)
    stock.slots = slots
    stock.next = 0
    stock.left = count
  }

  /// A slot that nobody has any use for, marked as cached: it goes back when its stock is full
  /// (`free_swap_slot()`).
  mutating func freeSlot(_ entry: SwapEntry) {
    unchargeSlot(entry)
    guard stock.isEnabled, stock.isActive else { return release(entry) }
    if stock.returnedCount == SlotStock.capacity { emptyReturned() }
    stock.returned[stock.returnedCount] = entry
    stock.returnedCount &+= 1
  }

  /// Nobody pays for a slot that nothing names (`mem_cgroup_uncharge_swap()`).
  private mutating func unchargeSlot(_ entry: SwapEntry) {
    let group = group(of: entry)
    guard group != 0 else { return }
    setGroup(0, of: entry)
    frames.pointee.unchargeSwap(UInt32(group))
  }

  /// Gives back all that is in the stocks (`__drain_swap_slots_cache()`).
  public mutating func emptyStocks() {
    while stock.left > 0 {
      let entry = stock.slots[stock.next]
      stock.next &+= 1
      stock.left &-= 1
      release(entry)
    }
    emptyReturned()
  }

  private mutating func emptyReturned() {
    let count = stock.returnedCount
    stock.returnedCount = 0
    for index in 0..<count { release(stock.returned[index]) }
  }

  /// A slot is free (`swap_entry_free()`, `swap_range_free()`).
  private mutating func release(_ entry: SwapEntry) {
    guard let area = area(of: entry) else { return }
    let offset = entry.offset
    precondition(area.pointee.count(offset) == .cached)
    area.pointee.set(.free, at: offset)
    area.pointee.groups[offset] = 0
    area.pointee.clusters?.release(offset)
    if offset < area.pointee.lowest { area.pointee.lowest = offset }
    if offset > area.pointee.highest {
      area.pointee.highest = offset
    }
    if area.pointee.isWritable { area.pointee.isAvailable = true }
    freePages &+= 1
    area.pointee.inUse &-= 1
    area.pointee.device.discard(offset)
    // clear_shadow_from_swap_cache()
    if area.pointee.cache.values > 0,
      trees.entry(at: offset, in: area.pointee.cache).value != nil
    {
      trees.remove(offset, in: &area.pointee.cache)
    }
  }

  /// Takes up to `goal` slots from the area of the highest priority that has any
  /// (`get_swap_pages()`).
  mutating func takeSlots(_ goal: Int, _ slots: inout InlineArray<64, SwapEntry>) -> Int {
    guard freePages > 0 else { return 0 }
    let goal = min(goal, Int(truncatingIfNeeded: freePages))
    var place = 0
    while place < active {
      let number = Int(order[place])
      guard let area = areas[number], area.pointee.isAvailable, area.pointee.highest != 0 else {
        place &+= 1
        continue
      }
      requeue(place)
      let taken = scan(area, goal, &slots)
      freePages &-= Int64(truncatingIfNeeded: taken)
      if taken > 0 { return taken }
      // The others of its priority stand here now; it has nothing.
      area.pointee.isAvailable = false
    }
    return 0
  }

  /// Puts an area behind those of its priority, so that they take turns (`plist_requeue()`).
  private mutating func requeue(_ place: Int) {
    let number = order[place]
    var at = place
    while at &+ 1 < active,
      areas[Int(order[at &+ 1])]?.pointee.priority == areas[Int(number)]?.pointee.priority
    {
      order[at] = order[at &+ 1]
      at &+= 1
    }
    order[at] = number
  }
}
