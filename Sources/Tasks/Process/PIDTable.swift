import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// All numbers that are taken, by number: a table of leaves, each a frame of pointers that exists
/// while a number in it is taken.
///
/// Looking one up costs two loads. 64 leaves hold all numbers even where a frame has but 512 words.
struct PIDTable<B: Processor>: ~Copyable {
  let resident = Resident()
  /// The frames of the leaves, 0 for none, and how many numbers of each are taken.
  var leaves = InlineArray<64, UInt64>(repeating: 0)
  var counts = InlineArray<64, UInt16>(repeating: 0)
  /// The number given last.
  var last: Int32 = 0

  /// One more than the greatest number (PID_MAX_DEFAULT).
  static var limit: Int32 { 32768 }
  /// Where numbers begin again after the greatest (RESERVED_PIDS).
  static var reserved: Int32 { 300 }
}

extension KernelState {
  /// The object of a number that is taken.
  @inline(__always)
  public func number(_ pid: Int32) -> KernelPointer<PID<B>>? {
    guard pid > 0, pid < PIDTable<B>.limit else { return nil }
    let shift = board.pageSize.shift &- 3
    let leaf = store.pointee.numbers.leaves[Int(pid) &>> Int(shift)]
    guard leaf != 0 else { return nil }
    let word: UInt = board.load(at: slot(of: pid, leaf))
    guard let pointer = unsafe UnsafeMutablePointer<PID<B>>(bitPattern: word) else { return nil }
    // SAFETY: a slot holds 0 or the address of an object that is freed only after it left.
    return unsafe KernelPointer(pointer)
  }

  /// The thread with a number, zombies among them (find_task_by_vpid()).
  @inline(__always)
  public func task(_ pid: Int32) -> KernelPointer<Task<B>>? { number(pid)?.pointee.task }

  /// The process with a number, zombies among them.
  @inline(__always)
  public func process(_ pid: Int32) -> KernelPointer<Process<B>>? { number(pid)?.pointee.process }

  private func slot(of pid: Int32, _ leaf: UInt64) -> PhysicalAddress {
    let mask = board.pageSize.bytes.rawValue / 8 &- 1
    return PhysicalAddress(leaf) + ByteCount((UInt64(UInt32(bitPattern: pid)) & mask) &* 8)
  }

  /// Takes a number (kernel/pid.c:alloc_pid()): the next that is free, from 300 on again after the
  /// greatest; or the wanted one.
  ///
  /// It names nothing yet. EAGAIN when all are taken, EEXIST when the wanted one is.
  func takeNumber(wanted: Int32 = 0) throws(Errno) -> KernelPointer<PID<B>> {
    var pid = wanted
    if pid == 0 {
      pid = store.pointee.numbers.last
      var tries = PIDTable<B>.limit
      repeat {
        guard tries > 0 else { throw .EAGAIN }
        tries &-= 1
        pid = pid &+ 1 >= PIDTable<B>.limit ? PIDTable<B>.reserved : pid &+ 1
      } while number(pid) != nil
    } else if number(pid) != nil {
      throw .EEXIST
    }
    let index = Int(pid) &>> Int(board.pageSize.shift &- 3)
    if store.pointee.numbers.leaves[index] == 0 {
      guard let frame = frames.pointee.allocate([.kernel, .zero]) else { throw .ENOMEM }
      store.pointee.numbers.leaves[index] = frames.pointee.address(of: frame).rawValue
    }
    guard let object = store.pointee.caches.numbers.allocate(PID(number: pid)) else {
      dropEmptyLeaf(index)
      throw .ENOMEM
    }
    board.store(
      UInt(object.address), at: slot(of: pid, store.pointee.numbers.leaves[index]))
    store.pointee.numbers.counts[index] &+= 1
    if wanted == 0 { store.pointee.numbers.last = pid }
    return object
  }

  /// Gives a number free if it names nothing any more (free_pid()).
  func dropIfUnused(_ number: KernelPointer<PID<B>>) {
    guard number.pointee.isUnused else { return }
    let pid = number.pointee.number
    let index = Int(pid) &>> Int(board.pageSize.shift &- 3)
    board.store(UInt(0), at: slot(of: pid, store.pointee.numbers.leaves[index]))
    store.pointee.numbers.counts[index] &-= 1
    dropEmptyLeaf(index)
    release(number)
  }

  /// One more holder of a number's object (get_pid()).
  public func retain(_ number: KernelPointer<PID<B>>) { number.pointee.references &+= 1 }

  /// One holder less (put_pid()).
  public func release(_ number: KernelPointer<PID<B>>) {
    number.pointee.references &-= 1
    if number.pointee.references == 0 { store.pointee.caches.numbers.free(number) }
  }

  /// Gives a leaf back that has no number, but for the first.
  private func dropEmptyLeaf(_ index: Int) {
    let leaf = store.pointee.numbers.leaves[index]
    guard index > 0, leaf != 0, store.pointee.numbers.counts[index] == 0 else { return }
    store.pointee.numbers.leaves[index] = 0
    frames.pointee.free(PageFrameNumber(containing: PhysicalAddress(leaf), board.pageSize))
  }
}
