import HostPrefetch

/// What a level is asked, one request after the other.
///
/// A level's state depends on nothing but the sequence of requests, so it is served by itself, in a
/// loop that does nothing else (``LineQueues``).
extension Cache {
  /// Serves requests from `task.next` on, up to one that is another cache's.
  ///
  /// What it does not have goes to the next level's queue, and behind it the dirty line that had to
  /// leave. A line that the level before writes back becomes dirty and keeps its place: it is not
  /// the program that asks.
  mutating func serve(_ task: inout CacheTask) {
    // Usual shapes are straight code: their numbers are constants there.
    guard Tag.bitWidth == 32, order == .used, width == ways, setBits != 0 else {
      return serveAny(&task)
    }
    switch (width, task.level == .first) {
    case (4, true): serveUsual(&task, 4, isFirst: true)
    case (8, true): serveUsual(&task, 8, isFirst: true)
    case (16, false): serveUsual(&task, 16, isFirst: false)
    case (8, false): serveUsual(&task, 8, isFirst: false)
    default: serveAny(&task)
    }
  }

  /// LRU over a power of two of sets of 4, 8 or 16 ways of 32 bits.
  @inline(__always) private mutating func serveUsual(
    _ task: inout CacheTask, _ width: Int, isFirst: Bool
  ) {
    let sets = unsafe UnsafeMutableRawPointer(tags).assumingMemoryBound(to: UInt32.self)
    let (setMask, setBits) = (setMask, setBits)
    let work = task
    var next = work.next
    var asked = work.asked
    let lanes = Int32(truncatingIfNeeded: width)
    while next < work.count {
      let request = unsafe work.requests[next]
      let row = LineQueues.row(request)
      if isFirst {
        let who: UInt64 = 1 &<< row
        if who & work.own == 0 {
          guard who & work.passed != 0 else { break }
          unsafe work.misses[asked] = request
          asked &+= 1
          next &+= 1
          continue
        }
      }
      next &+= 1
      let line = LineQueues.line(request)
      let set = unsafe sets + Int(truncatingIfNeeded: line & setMask) &* width
      let wanted = UInt32(truncatingIfNeeded: ((line &>> setBits) &+ 1) &<< 1)
      let isWrittenBack = row == LineQueues.writeBack
      let dirt =
        isFirst ? UInt32(truncatingIfNeeded: (request &>> 60) & 1) : isWrittenBack ? 1 : 0
      let first = unsafe set[0]
      if first & ~1 == wanted {
        unsafe set[0] = first | dirt
        if isFirst || !isWrittenBack { work.note(request, row) }
        continue
      }
      let way = unsafe tagWay(set, wanted, lanes)
      if way >= 0 {
        let tag = unsafe set[Int(way)] | dirt
        if !isFirst && isWrittenBack {
          unsafe set[Int(way)] = tag
        } else {
          unsafe tagPush(set, tag, way, lanes)
          work.note(request, row)
        }
        continue
      }
      let victim = unsafe tagShift(set, wanted | dirt, lanes)
      if isFirst && row &>> 1 == LineQueues.clear {
        work.note(request, row)
      } else if isFirst || !isWrittenBack {
        unsafe work.misses[asked] = request
        asked &+= 1
        work.behind.prefetch(line)
      }
      if victim & 1 != 0 {
        let left = ((UInt64(victim &>> 1) &- 1) &<< setBits) | line & setMask
        work.noteWriteBack()
        unsafe work.misses[asked] = LineQueues.request(
          left, row: LineQueues.writeBack, record: 0)
        asked &+= 1
        work.behind.prefetch(left)
      }
    }
    task.next = next
    task.asked = asked
  }

  /// Any shape and policy.
  private mutating func serveAny(_ task: inout CacheTask) {
    let work = task
    var next = work.next
    var asked = work.asked
    while next < work.count {
      let request = unsafe work.requests[next]
      let row = LineQueues.row(request)
      let who: UInt64 = 1 &<< row
      if who & work.own == 0 {
        guard who & work.passed != 0 else { break }
        unsafe work.misses[asked] = request
        asked &+= 1
        next &+= 1
        continue
      }
      next &+= 1
      let line = LineQueues.line(request)
      let place = self.row(of: line)
      let set = unsafe tags + place &* stride
      let wanted = tag(line)
      let dirt = Tag(truncatingIfNeeded: (request & work.dirtying) &>> 60)
      let first = unsafe set[0]
      let way = first & ~1 == wanted ? 0 : unsafe find(wanted, in: set)
      if way >= 0 {
        if row == LineQueues.writeBack {
          unsafe set[way] |= 1
          continue
        }
        if way == 0 {
          unsafe set[0] = first | dirt
        } else if order == .used {
          unsafe push(set[way] | dirt, through: way, in: set)
        } else {
          unsafe set[way] |= dirt
        }
        if order == .tree { pointAway(from: way, in: place) }
        work.note(request, row)
        continue
      }
      let isWrittenBack = row == LineQueues.writeBack
      let outcome = unsafe insert(wanted | dirt | (isWrittenBack ? 1 : 0), in: set, place)
      if row &>> 1 == LineQueues.clear {
        // A line that is wholly written is not read before.
        work.note(request, row)
      } else if !isWrittenBack {
        unsafe work.misses[asked] = request
        asked &+= 1
        work.behind.prefetch(line)
      }
      if let victim = outcome.dirtyVictim {
        work.noteWriteBack()
        unsafe work.misses[asked] = LineQueues.request(
          victim, row: LineQueues.writeBack, record: 0)
        asked &+= 1
        work.behind.prefetch(victim)
      }
    }
    task.next = next
    task.asked = asked
  }
}

/// What a level has to do: requests, and where those go that it cannot serve.
@safe struct CacheTask {
  var requests: UnsafeMutablePointer<UInt64>
  var count: Int
  /// The request to begin with.
  var next = 0
  /// The rows of requests that are this cache's, a bit each, and of those that only pass.
  var own: UInt64
  var passed: UInt64
  /// Which bits of a request make its line dirty here.
  var dirtying: UInt64
  var misses: UnsafeMutablePointer<UInt64>
  /// How many ``misses`` there are.
  var asked = 0
  /// Where the next level will look them up.
  var behind: SetPlaces
  var level: ServedBy
  var counts: UnsafeMutablePointer<UInt64>
  /// Where notes go, if anybody wants them.
  var notes: UnsafeMutablePointer<UInt64>?

  /// Counts a request that was served here.
  @inline(__always) func note(_ request: UInt64, _ row: UInt64) {
    unsafe counts[Counter.served(row: row, level).index] &+= 1
    if let notes = unsafe notes, level != .first || row >= LineQueues.walk {
      let note = row >= LineQueues.walk ? AccessNote.read(level) : AccessNote.line(level)
      unsafe notes[LineQueues.record(request)] &+= note
    }
  }

  @inline(__always) func noteWriteBack() {
    unsafe counts[Counter.writeBacks(level).index] &+= 1
  }
}

/// Where a cache's sets are in the host's memory.
@safe struct SetPlaces {
  var base: UnsafeRawPointer?
  var bytes: UInt64
  var mask: UInt64

  /// Nothing that could be fetched.
  static var none: Self { unsafe Self(base: nil, bytes: 0, mask: 0) }

  /// Has the host fetch what a look-up of a line will read; where sets are not a power of two, in
  /// vain.
  @inline(__always) func prefetch(_ line: UInt64) {
    guard let base = unsafe base else { return }
    unsafe prefetchLine(base + Int(truncatingIfNeeded: (line & mask) &* bytes))
  }
}
