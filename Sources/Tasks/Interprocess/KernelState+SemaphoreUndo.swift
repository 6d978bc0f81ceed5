import AddressSpaces
import Arm64
import Files
import KernelHeap
import MemoryTypes
import PageFrames

/// What a process gives back when it ends (SEM_UNDO).
extension KernelState {
  /// The current process's adjustments to a set, made when first needed (find_alloc_undo()).
  func undoEntry(
    for set: KernelPointer<SemaphoreSet>, _ all: KernelPointer<SemaphoreSets<B>>
  ) throws(Errno) -> KernelPointer<UndoEntry> {
    let list = try undoList()
    var known = list.pointee.first
    while let entry = known {
      if entry.pointee.set == set { return entry }
      known = entry.pointee.nextOfList
    }
    let count = set.pointee.count
    let bytes = undoBytes(count)
    guard let memory = unsafe slab.pointee.allocateBytes(bytes, [.kernel, .account]) else {
      throw .ENOMEM
    }
    // SAFETY: as many bytes as `count` adjustments have, and nobody else's.
    let adjustments = unsafe memory.bindMemory(to: Int16.self, capacity: count)
    unsafe adjustments.initialize(repeating: 0, count: count)
    let value = unsafe UndoEntry(
      set: set, list: list, adjustments: adjustments, count: count, nextOfList: list.pointee.first,
      nextOfSet: set.pointee.firstUndo)
    guard let entry = all.pointee.entryCache.allocate(value) else {
      unsafe slab.pointee.freeBytes(memory, bytes)
      throw .ENOMEM
    }
    list.pointee.first = entry
    set.pointee.firstUndo = entry
    return entry
  }

  private func undoList() throws(Errno) -> KernelPointer<UndoList> {
    if let list = current.pointee.undoList { return list }
    guard let memory = unsafe slab.pointee.allocateBytes(listBytes, [.kernel, .account]) else {
      throw .ENOMEM
    }
    // SAFETY: as many bytes as a list has, and nobody else's.
    let place = unsafe memory.bindMemory(to: UndoList.self, capacity: 1)
    unsafe place.initialize(to: UndoList())
    let list = unsafe KernelPointer(place)
    current.pointee.undoList = list
    return list
  }

  private var listBytes: ByteCount { ByteCount(UInt64(MemoryLayout<UndoList>.stride)) }

  private func undoBytes(_ count: Int) -> ByteCount { ByteCount(UInt64(count &* 2)) }

  /// Lets a new task share the current one's list (copy_semundo()); it gets one if it has none.
  func shareUndoList(with child: KernelPointer<Task<B>>) throws(Errno) {
    let list = try undoList()
    list.pointee.references &+= 1
    child.pointee.undoList = list
  }

  /// Gives a task's list up; with the last owner everything in it is undone (exit_sem()).
  func leaveUndoList(of task: KernelPointer<Task<B>>) {
    guard let list = task.pointee.undoList else { return }
    task.pointee.undoList = nil
    list.pointee.references &-= 1
    guard list.pointee.references == 0 else { return }
    while let entry = list.pointee.first, let all = store.pointee.semaphores {
      undo(entry, by: task.pointee.threadGroup)
      let set = entry.pointee.set
      free(entry, all)
      _ = serveWaiters(of: set)
      set.pointee.operated = files.pointee.time.seconds
    }
    // SAFETY: it came from there, with this size; the last owner gives it up.
    unsafe slab.pointee.freeBytes(list.raw, listBytes)
  }

  /// Takes an entry out of its list and its set, and gives it back.
  func free(_ entry: KernelPointer<UndoEntry>, _ all: KernelPointer<SemaphoreSets<B>>) {
    let (set, list) = (entry.pointee.set, entry.pointee.list)
    if set.pointee.firstUndo == entry {
      set.pointee.firstUndo = entry.pointee.nextOfSet
    } else {
      var before = set.pointee.firstUndo
      while let here = before, here.pointee.nextOfSet != entry { before = here.pointee.nextOfSet }
      before?.pointee.nextOfSet = entry.pointee.nextOfSet
    }
    if list.pointee.first == entry {
      list.pointee.first = entry.pointee.nextOfList
    } else {
      var before = list.pointee.first
      while let here = before, here.pointee.nextOfList != entry { before = here.pointee.nextOfList }
      before?.pointee.nextOfList = entry.pointee.nextOfList
    }
    unsafe slab.pointee.freeBytes(
      UnsafeMutableRawPointer(entry.pointee.adjustments), undoBytes(entry.pointee.count))
    all.pointee.entryCache.free(entry)
  }

  /// Adjusts a set's values, as far as they go.
  private func undo(_ entry: KernelPointer<UndoEntry>, by process: Int32) {
    let set = entry.pointee.set
    for number in 0..<entry.pointee.count where entry.pointee[number] != 0 {
      let semaphore = set.pointee[number]
      let value = semaphore.pointee.value &+ Int32(entry.pointee[number])
      semaphore.pointee.value = min(max(value, 0), SemaphoreSet.maximum)
      semaphore.pointee.process = process
    }
  }
}
