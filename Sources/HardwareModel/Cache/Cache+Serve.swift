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
    guard Tag.bitWidth == 32, width == ways, setBits != 0 else { return serveAny(&task) }
    switch (order, width, task.level) {
    case (.used, 4, .first): serveUsedFirst4(&task)
    case (.used, 8, .first): serveUsedFirst8(&task)
    case (.used, 8, .second): serveUsedSecond8(&task)
    case (.used, 16, .second): serveUsedSecond16(&task)
    case (.used, 16, .last): serveUsedLast16(&task)
    case (.tree, 4, .first): serveTreeFirst4(&task)
    case (.tree, 8, .second): serveTreeSecond8(&task)
    default: serveAny(&task)
    }
  }

  // A function each: the compiler inlines into one of them only so much.

  @inline(never) private mutating func serveUsedFirst4(_ task: inout CacheTask) {
    serveUsual(&task, 4, .first, isTree: false)
  }
  @inline(never) private mutating func serveUsedFirst8(_ task: inout CacheTask) {
    serveUsual(&task, 8, .first, isTree: false)
  }
  @inline(never) private mutating func serveUsedSecond8(_ task: inout CacheTask) {
    serveUsual(&task, 8, .second, isTree: false)
  }
  @inline(never) private mutating func serveUsedSecond16(_ task: inout CacheTask) {
    serveUsual(&task, 16, .second, isTree: false)
  }
  @inline(never) private mutating func serveUsedLast16(_ task: inout CacheTask) {
    serveUsual(&task, 16, .last, isTree: false)
  }
  @inline(never) private mutating func serveTreeFirst4(_ task: inout CacheTask) {
    serveUsual(&task, 4, .first, isTree: true)
  }
  @inline(never) private mutating func serveTreeSecond8(_ task: inout CacheTask) {
    serveUsual(&task, 8, .second, isTree: true)
  }

  /// LRU or tree-PLRU over a power of two of sets of 4, 8 or 16 ways of 32 bits.
  @inline(__always) private mutating func serveUsual(
    _ task: inout CacheTask, _ width: Int, _ level: ServedBy, isTree: Bool
  ) {
    let isFirst = level == .first
    let sets = unsafe UnsafeMutableRawPointer(tags).assumingMemoryBound(to: UInt32.self)
    let (setMask, setBits) = (setMask, setBits)
    let work = task
    var next = work.next
    var asked = work.asked
    var writtenBack = 0
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
      let place = Int(truncatingIfNeeded: line & setMask)
      let set = unsafe sets + place &* width
      let wanted = UInt32(truncatingIfNeeded: ((line &>> setBits) &+ 1) &<< 1)
      let isWrittenBack = !isFirst && row == LineQueues.writeBack
      let dirt =
        isFirst ? UInt32(truncatingIfNeeded: (request &>> 60) & 1) : isWrittenBack ? 1 : 0
      if !isTree {
        let first = unsafe set[0]
        if first & ~1 == wanted {
          unsafe set[0] = first | dirt
          if !isWrittenBack { work.note(request, row, level) }
          continue
        }
      }
      let way = unsafe tagWay(set, wanted, lanes)
      if way >= 0 {
        let tag = unsafe set[Int(way)] | dirt
        if isWrittenBack || isTree {
          unsafe set[Int(way)] = tag
        } else {
          unsafe tagPush(set, tag, way, lanes)
        }
        if isWrittenBack { continue }
        if isTree { turn(place, awayFrom: Int(way), width) }
        work.note(request, row, level)
        continue
      }
      let victim: UInt32
      if isTree {
        let empty = unsafe tagWay(set, 0, lanes)
        let leaving = empty >= 0 ? Int(empty) : leaves(place, width)
        victim = unsafe set[leaving]
        unsafe set[leaving] = wanted | dirt
        turn(place, awayFrom: leaving, width)
      } else {
        victim = unsafe tagShift(set, wanted | dirt, lanes)
      }
      if isFirst && row &>> 1 == LineQueues.clear {
        // A line that is wholly written is not read before.
        work.note(request, row, level)
      } else if level == .last {
        if !isWrittenBack { work.note(request, row, .memory) }
      } else {
        // What is written back is not asked for; nobody can guess which it is, so no branch does.
        unsafe work.misses[asked] = request
        asked &+= isWrittenBack ? 0 : 1
        work.behind.prefetch(line)
      }
      // A victim that is clean is overwritten by the next that is asked for.
      let isDirty = Int(truncatingIfNeeded: victim & 1)
      writtenBack &+= isDirty
      if level != .last {
        let left = ((UInt64(victim &>> 1) &- 1) &<< setBits) | line & setMask
        unsafe work.misses[asked] =
          left & LineQueues.lineMask | LineQueues.writeBack &<< LineQueues.rowShift
        asked &+= isDirty
        work.behind.prefetch(isDirty != 0 ? left : line)
      }
    }
    unsafe work.counts[Counter.writeBacks(level).index] &+= UInt64(writtenBack)
    task.next = next
    task.asked = asked
  }

  /// Turns the nodes on a way's path to the other side, in a tree of 4 or 8 ways.
  @inline(__always) private func turn(_ place: Int, awayFrom way: Int, _ width: Int) {
    guard let trees = unsafe trees else { return }
    let (path, other) = PseudoLRUTree.path(of: way, width)
    unsafe trees[place] = trees[place] & ~path | other
  }

  /// The way that the tree of a full set points to.
  @inline(__always) private func leaves(_ place: Int, _ width: Int) -> Int {
    guard let trees = unsafe trees else { return 0 }
    return unsafe PseudoLRUTree.victim(trees[place], of: width)
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
  @inline(__always) func note(_ request: UInt64, _ row: UInt64) { note(request, row, level) }

  @inline(__always) func note(_ request: UInt64, _ row: UInt64, _ level: ServedBy) {
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
