import Arm64
public import Files
public import MemoryTypes

/// Waiting for time, for typing or for a signal, on behalf of a program.
extension KernelState {
  /// Sleeps until the counter reaches a value, or for ever; ERESTARTNOHAND if a signal comes first.
  public func pause(until deadline: UInt64?) throws(Errno) {
    while true {
      if let deadline, board.clock.ticks >= deadline { return }
      if hasSignal { throw .ERESTARTNOHAND }
      block(on: WaitChannel(kind: .sleep, object: 0), until: deadline)
    }
  }

  /// Sleeps until the time of day has come, which may be set meanwhile (TIMER_ABSTIME).
  public func pause(untilRealtime moment: UInt64) throws(Errno) {
    while true {
      let offset = store.pointee.realtimeOffset
      let deadline = board.clock.ticks(inNanoseconds: moment > offset ? moment &- offset : 0)
      if board.clock.ticks >= deadline { return }
      if hasSignal { throw .ERESTARTNOHAND }
      block(on: WaitChannel(kind: .realtime, object: 0), until: deadline)
    }
  }

  /// Sleeps while a process executes for some nanoseconds, or until it ends; ERESTARTNOHAND if a
  /// signal comes first.
  ///
  /// It may return early.
  public func pause(
    untilExecuting time: UInt64, in process: KernelPointer<Process<B>>
  ) throws(Errno) {
    if hasSignal { throw .ERESTARTNOHAND }
    let executed = executed(process)
    let end = executed.user &+ executed.kernel &+ time
    let earliest = process.pointee.timers.sleep
    process.pointee.timers.sleep = earliest == 0 ? end : min(earliest, end)
    watchCPU(process)
    block(on: WaitChannel(kind: .execution, object: process.address))
  }

  /// Wakes those who sleep on what a process executes.
  func wakeExecutionSleepers(of process: KernelPointer<Process<B>>) {
    guard process.pointee.timers.sleep != 0 else { return }
    process.pointee.timers.sleep = 0
    wake(WaitChannel(kind: .execution, object: process.address))
  }

  /// Sets the time of day (kernel/time/timekeeping.c:do_settimeofday64()): what waits for a time of
  /// day waits longer or shorter now (clock_was_set()).
  ///
  /// EINVAL if it is less than what has passed since the machine began.
  public func setRealtime(_ nanoseconds: UInt64) throws(Errno) {
    let now = board.clock.nanoseconds
    guard nanoseconds >= now else { throw .EINVAL }
    let old = store.pointee.realtimeOffset
    let new = nanoseconds &- now
    store.pointee.realtimeOffset = new
    // The vdso's data page: see KernelAssembly/VDSO.S.
    let data = store.pointee.vdso.data.address(board.pageSize)
    board.store(new / 1_000_000_000, at: data + ByteCount(8))
    board.store(new % 1_000_000_000, at: data + ByteCount(16))
    moveRealtimeTimers(from: old, to: new)
    wake(WaitChannel(kind: .realtime, object: 0))
  }

  /// Sleeps until a signal is there that is not blocked.
  public func waitForSignal() {
    while !hasSignal { block(on: WaitChannel(kind: .sleep, object: 0)) }
  }

  /// Waits until something happens to any file; false when the moment has come instead.
  public func waitForAnything(until deadline: UInt64?) throws(Errno) -> Bool {
    // In this order, as poll and select have it.
    if hasSignal { throw .ERESTARTNOHAND }
    if let deadline, board.clock.ticks >= deadline { return false }
    block(on: WaitChannel(kind: .pipe, object: 0), until: deadline)
    return true
  }

  /// Wakes those who wait at a file, and those who wait at any.
  public func wake(at inode: KernelPointer<Inode>) {
    wake(WaitChannel(kind: .pipe, object: inode.address))
    wake(WaitChannel(kind: .pipe, object: 0))
  }

  /// Takes typed bytes, waiting until there are some; ERESTARTSYS if a signal comes first.
  ///
  /// None when nothing more will be typed.
  public func readTyped(_ buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    while true {
      let count = unsafe board.readConsole(into: buffer)
      if count != 0 { return max(count, 0) }
      if hasSignal { throw .ERESTARTSYS }
      block(on: WaitChannel(kind: .console, object: 0))
    }
  }

  /// What a task has executed up to now.
  public func executed(by task: KernelPointer<Task<B>>) -> InstructionCounts {
    if task == current { task.pointee.charge(upTo: board.instructions) }
    return task.pointee.executed
  }
}
