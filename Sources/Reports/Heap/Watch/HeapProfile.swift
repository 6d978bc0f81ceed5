package import HeapTraces

/// What a trace of allocations says of the places that allocate: who holds memory at the end, who
/// held it at the peak, who allocates most, and who gives back at once.
///
/// Every figure is exact, the peak's shares too: a site's share is written down when the peak moves,
/// for the sites alone that changed since it moved last, so that no event costs more than its own
/// site.
///
/// Invariant: `live.bytes` is the sum of all sites' `live.bytes`, and of the live slots' sizes; the
/// same of the peak.
package struct HeapProfile {
  /// Bytes and objects.
  package struct Amount: Equatable, Sendable {
    package var bytes: UInt64 = 0
    package var objects: UInt64 = 0
  }

  /// What one stack did.
  package struct Site: Equatable, Sendable {
    package var live = Amount()
    package var atPeak = Amount()
    package var allocated = Amount()
    /// Allocations that were freed before the same thread allocated again.
    package var temporary = Amount()
    /// The most bytes that were live of it alone.
    package var ownPeak: UInt64 = 0
    fileprivate var isChanged = false
  }

  private struct Object {
    var size: UInt64 = 0
    var site: UInt32 = 0
    var thread: UInt32 = 0
    /// The allocation's number in its thread.
    var serial: UInt64 = 0
    var isLive = false
  }

  package private(set) var sites: [Site] = [Site()]
  package private(set) var calls: [HeapOperation: UInt64] = [:]
  package private(set) var live = Amount()
  package private(set) var peak = Amount()
  package private(set) var allocated = Amount()
  package private(set) var temporary = Amount()
  /// When the peak was, and how long it all was, in nanoseconds of the trace.
  package private(set) var peakTime: UInt64 = 0
  package private(set) var time: UInt64 = 0
  /// Calls that answered NULL.
  package private(set) var failed: UInt64 = 0
  /// Objects given back that nobody was seen to allocate.
  package private(set) var unknown: UInt64 = 0
  private var objects: [Object] = []
  private var changed: [UInt32] = []
  private var serials: [UInt32: UInt64] = [:]

  package init() {}

  package mutating func add(_ event: HeapEvent) {
    switch event.operation {
    case .time: time &+= event.size
    case .thread, .threadEnd: break
    case .free, .freeUnknown:
      calls[.free, default: 0] += 1
      if event.operation == .freeUnknown { unknown += 1 } else { free(event.slot) }
    case .trim: calls[.trim, default: 0] += 1
    default:
      calls[event.operation, default: 0] += 1
      allocate(event)
    }
  }

  private mutating func allocate(_ event: HeapEvent) {
    if event.isNull {
      // realloc to nothing frees; any other leaves what was there.
      if event.operation == .realloc, event.size == 0 { free(event.source) } else { failed += 1 }
      return
    }
    if event.operation == .realloc { free(event.source) }
    let slot = Int(event.slot)
    guard event.slot != HeapEvent.noSlot else { return }
    while objects.count <= slot { objects.append(Object()) }
    while sites.count <= Int(event.site) { sites.append(Site()) }
    let serial = serials[event.thread, default: 0] + 1
    serials[event.thread] = serial
    objects[slot] = Object(
      size: event.size, site: event.site, thread: event.thread, serial: serial, isLive: true)
    allocated += event.size
    live += event.size
    let index = Int(event.site)
    sites[index].allocated += event.size
    sites[index].live += event.size
    sites[index].ownPeak = max(sites[index].ownPeak, sites[index].live.bytes)
    note(event.site)
    if live.bytes > peak.bytes { movePeak() }
  }

  private mutating func free(_ slot: UInt32) {
    guard slot != HeapEvent.noSlot, Int(slot) < objects.count, objects[Int(slot)].isLive else {
      return
    }
    let object = objects[Int(slot)]
    objects[Int(slot)].isLive = false
    live -= object.size
    sites[Int(object.site)].live -= object.size
    if serials[object.thread] == object.serial {
      sites[Int(object.site)].temporary += object.size
      temporary += object.size
    }
    note(object.site)
  }

  private mutating func note(_ site: UInt32) {
    guard !sites[Int(site)].isChanged else { return }
    sites[Int(site)].isChanged = true
    changed.append(site)
  }

  private mutating func movePeak() {
    peak = live
    peakTime = time
    for site in changed {
      sites[Int(site)].atPeak = sites[Int(site)].live
      sites[Int(site)].isChanged = false
    }
    changed.removeAll(keepingCapacity: true)
  }

  /// Checks the sums.
  package func checkInvariants() -> Bool {
    let sum = sites.reduce(0) { $0 &+ $1.live.bytes }
    let peakSum = sites.reduce(0) { $0 &+ $1.atPeak.bytes }
    let slots = objects.reduce(0) { $0 &+ ($1.isLive ? $1.size : 0) }
    return sum == live.bytes && slots == live.bytes && peakSum == peak.bytes
  }
}

extension HeapProfile.Amount {
  fileprivate static func += (amount: inout Self, bytes: UInt64) {
    amount.bytes &+= bytes
    amount.objects &+= 1
  }

  fileprivate static func -= (amount: inout Self, bytes: UInt64) {
    amount.bytes &-= bytes
    amount.objects &-= 1
  }
}
