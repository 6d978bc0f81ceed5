import MemoryTypes
import PageFrames

/// Everybody who can give up objects, in the order in which they registered: to be guarded by
/// `shrinker_rwsem`.
///
/// Reclaim calls ``shrink(_:priority:)`` with a priority that falls from 12 to 0 as memory gets
/// shorter; `drop_caches` with 0 until nothing more goes (``dropAll()``). Source: mm/vmscan.c.
public struct ShrinkerList {
  var first: KernelPointer<Shrinker>?
  var last: KernelPointer<Shrinker>?

  /// What one call did: objects that went, and objects looked at (`slabs_scanned`).
  public struct Result: Equatable {
    public var freed: UInt = 0
    public var scanned: UInt = 0
  }

  /// Adds a shrinker, which must not be in the list (`register_shrinker()`).
  mutating func register(_ shrinker: KernelPointer<Shrinker>) {
    shrinker.pointee.next = nil
    shrinker.pointee.previous = last
    shrinker.pointee.deferred = 0
    if let last { last.pointee.next = shrinker } else { first = shrinker }
    last = shrinker
  }

  /// Takes a shrinker out, if it is in the list (`unregister_shrinker()`).
  mutating func unregister(_ shrinker: KernelPointer<Shrinker>) {
    guard contains(shrinker) else { return }
    let next = shrinker.pointee.next
    let previous = shrinker.pointee.previous
    if let next { next.pointee.previous = previous } else { last = previous }
    if let previous { previous.pointee.next = next } else { first = next }
    shrinker.pointee.next = nil
    shrinker.pointee.previous = nil
  }

  func contains(_ shrinker: KernelPointer<Shrinker>) -> Bool {
    var next = first
    while let one = next {
      if one == shrinker { return true }
      next = one.pointee.next
    }
    return false
  }

  /// Asks all of them for their share (`shrink_slab()`).
  func shrink(_ flags: GFP, priority: Int) -> Result {
    var result = Result()
    var next = first
    while let shrinker = next {
      next = shrinker.pointee.next
      shrinker.shrink(flags, priority: priority, &result)
    }
    return result
  }

  /// Asks again and again, content with less each time (`drop_slab_node()`).
  func dropAll() -> Result {
    var result = Result()
    var shift: UInt = 0
    while true {
      let one = shrink(.kernel, priority: 0)
      result.freed &+= one.freed
      result.scanned &+= one.scanned
      guard shift < 64, one.freed &>> shift > 1 else { return result }
      shift &+= 1
    }
  }
}

extension KernelPointer<Shrinker> {
  /// Asks for a share of the objects that is the larger the lower the priority, and for what is
  /// left of earlier calls (`do_shrink_slab()`).
  func shrink(_ flags: GFP, priority: Int, _ result: inout ShrinkerList.Result) {
    var control = ShrinkControl(flags: flags.rawValue)
    let counted = unsafe pointee.count(raw, &control)
    guard counted != 0, counted != Shrinker.empty, counted <= UInt(Int.max / 8) else { return }
    let freeable = Int(counted)
    let deferred = pointee.deferred
    pointee.deferred = 0
    // Objects that cost nothing to make again go by halves.
    let share =
      pointee.seeks > 0 ? (freeable &>> priority) &* 4 / Int(pointee.seeks) : freeable / 2
    var left = min((deferred &>> priority) &+ share, 2 &* freeable)
    let batch = pointee.batch > 0 ? pointee.batch : 128
    var scanned = 0
    while left >= batch || left >= freeable {
      control.toScan = UInt(max(min(batch, left), 0))
      control.scanned = control.toScan
      let freed = unsafe pointee.scan(raw, &control)
      if freed == Shrinker.stop { break }
      result.freed &+= freed
      // One at least, or one that looks at nothing would be asked for ever.
      let step = Int(clamping: max(control.scanned, 1))
      result.scanned &+= UInt(step)
      left = left.subtractingReportingOverflow(step).partialValue
      scanned = scanned.addingReportingOverflow(step).partialValue
      if left <= 0 { break }
    }
    let rest = max(deferred &+ share &- scanned, 0)
    pointee.deferred = min(rest, 2 &* freeable)
  }
}
