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

  /// Sleeps until a signal is there that is not blocked.
  public func waitForSignal() {
    while !hasSignal { block(on: WaitChannel(kind: .sleep, object: 0)) }
  }

  /// Waits until something happens to any file; false when the moment has come instead.
  public func waitForAnything(until deadline: UInt64?) throws(Errno) -> Bool {
    if let deadline, board.clock.ticks >= deadline { return false }
    if hasSignal { throw .ERESTARTNOHAND }
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
