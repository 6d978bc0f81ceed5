import Files
import MemoryTypes

/// Work of the kernel's own that may wait: each kind is a task without memory (a kernel thread,
/// kernel/kthread.c) that runs one function of ``KernelState`` again and again.
///
/// A kernel task is made when it is first woken, so a machine that never runs short has none, and
/// ends with the last process. It has a kernel stack and nothing else: no number (`/proc` does not
/// show it, no process is numbered differently because of it), no files, no signals; it is in no
/// list of processes, and nobody waits for it. What it holds across a wait it must be able to keep
/// when the machine ends: between its rounds it holds nothing.
///
/// **To add one**: a case here, and a line in `KernelState.work(of:)` that calls its function. The
/// function returns when there is nothing more to do; it is called again after the next wake. Wake
/// it with `KernelState.wake(_:)`, or from rooms that know no tasks by
/// ``PageFrames/FrameAllocator/request(_:)``.
///
/// **When it runs**: at the next return to a program, before that program and all who wait for the
/// CPU, on a slice that is not theirs (Linux's wake-up preemption, but always, so that runs are
/// repeatable). If nobody runs, at once. It is never preempted; it may wait by `block(on:until:)`,
/// with a moment only if there is always an end to it: a machine in which only kernel tasks wait for
/// moments would never be found to be waiting for nothing.
enum KernelTask: UInt8, BitwiseCopyable {
  /// Reclaims until all zones are above their high watermarks.
  case kswapd
  /// Compacts until blocks of the wanted order are there.
  case kcompactd

  static var count: Int { 2 }

  /// Its place in the words of ``KernelTasks``.
  var bit: UInt8 { 1 &<< rawValue }

  var name: TaskName {
    switch self {
    case .kswapd: TaskName(exactly: "kswapd0")
    case .kcompactd: TaskName(exactly: "kcompactd0")
    }
  }
}

/// What the kernel tasks are, and which have work.
struct KernelTasks<B: Processor>: BitwiseCopyable {
  /// By kind; nil before the first wake.
  var tasks = InlineArray<2, KernelPointer<Task<B>>?>(repeating: nil)
  /// Kinds that were woken and have not begun, a bit each.
  var woken: UInt8 = 0
  /// Kinds that wait for work.
  var idle: UInt8 = 0
  /// The program whose turn was not over when kernel tasks took the CPU from it.
  var preempted: KernelPointer<Task<B>>?
  /// Everything ends: each ends itself when it has no more work.
  var isEnding = false

  init() {}
}
