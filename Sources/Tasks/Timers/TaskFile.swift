// Files that tell of timers, signals and processes: timerfd, signalfd, pidfd.
//
// Each is an open file without a place in the tree; the room of files asks here what it is ready for
// and what there is to read. What such a file is about says so when something happens
// (`FileSystem.happened(to:)`), and whoever polls or waits tests again.
//
// Source: fs/timerfd.c, fs/signalfd.c, kernel/fork.c (pidfd_fops).

import Arm64
import Files
public import MemoryTypes

/// The object behind such a file.
///
///     the file's inode owns it; it is in the list of its kind, if that has one, until it goes
///
/// With several CPUs it has a lock of its own.
@safe public struct TaskFile<B: Processor>: ~Copyable {
  public enum Kind: UInt8, BitwiseCopyable, Sendable { case timer = 1, signals, process }

  let resident = Resident()
  public let kind: Kind
  var inode: KernelPointer<Inode>?
  /// Of a timer: its moment and interval in nanoseconds, whether it follows the time of day,
  /// how often it has expired since it was read, and whether it waits to be started again.
  var deadline = Deadline(.timerFile)
  var expiry: UInt64 = 0
  var interval: UInt64 = 0
  var followsTimeOfDay = false
  var expiries: UInt64 = 0
  var hasExpired = false
  /// Of signals: which.
  var signals = SignalSet()
  /// Of a process: its number, one reference.
  public internal(set) var number: KernelPointer<PID<B>>?
  /// The others of signals or of processes.
  var next: KernelPointer<TaskFile<B>>?
  var previous: KernelPointer<TaskFile<B>>?

  init(_ kind: Kind) { self.kind = kind }
}
