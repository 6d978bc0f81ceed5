import Arm64
import Files
public import MemoryTypes
import PageFrames

/// Exec in a process of several threads: the new program begins with one.
extension KernelState {
  /// Ends all threads of the process but the current one, which becomes its leader
  /// (fs/exec.c:de_thread()).
  ///
  /// EAGAIN if the process is about to end, or another thread was first.
  func endOtherThreadsForExec() throws(Errno) {
    let task = current
    let process = task.pointee.process
    guard process.pointee.threadCount > 1 else { return }
    guard process.pointee.groupExit == nil, process.pointee.execTask == nil else { throw .EAGAIN }
    process.pointee.execTask = task
    endOtherThreads()
    let isLeader = process.pointee.leader == task
    // The leader stays as a zombie until its number is taken over.
    while isLeader
      ? process.pointee.threadCount > 1
      : process.pointee.threadCount > 2 || process.pointee.leader.pointee.state != .zombie
    {
      if hasFatalSignal {
        process.pointee.execTask = nil
        throw .EAGAIN
      }
      block(on: WaitChannel(kind: .threads, object: process.address))
    }
    if !isLeader { takeOverLeadership() }
    process.pointee.execTask = nil
  }

  /// A path in a frame of exec's own: while it waits for other threads to end, other calls use the
  /// buffer that the caller has it in.
  func kept(_ path: ByteString, in frame: PageFrameNumber) throws(Errno) -> ByteString {
    guard UInt64(path.count) <= board.pageSize.bytes.rawValue else { throw .ENAMETOOLONG }
    let buffer = unsafe board.pointer(to: frames.pointee.address(of: frame))
    guard let start = unsafe path.bytes.baseAddress else { return path }
    unsafe buffer.copyMemory(from: start, byteCount: path.count)
    return unsafe ByteString(UnsafeRawBufferPointer(start: buffer, count: path.count))
  }

  /// Gives the current task the leader's number and place, and frees the old leader
  /// (exchange_tids(), transfer_pid()).
  private func takeOverLeadership() {
    let task = current
    let process = task.pointee.process
    let leader = process.pointee.leader
    let number = leader.pointee.number
    leader.pointee.number = task.pointee.number
    leader.pointee.pid = leader.pointee.number.pointee.number
    leader.pointee.number.pointee.task = leader
    task.pointee.number = number
    task.pointee.pid = number.pointee.number
    number.pointee.task = task
    task.pointee.startTime = leader.pointee.startTime
    process.pointee.leader = task
    leader.pointee.state = .dead
    release(leader)
  }

  /// Gives the current task a table of open files of its own (fs/file.c:unshare_files()).
  public func unshareFiles() throws(Errno) {
    guard let table = current.pointee.files, table.pointee.references > 1 else { return }
    let copy = try files.pointee.copy(table)
    current.pointee.files = copy
    files.pointee.release(table)
  }
}
