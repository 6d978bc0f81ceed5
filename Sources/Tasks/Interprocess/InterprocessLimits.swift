/// `kernel.sem`, `kernel.msgmax`, `msgmnb` and `msgmni` (include/uapi/linux/sem.h, msg.h).
public struct InterprocessLimits: BitwiseCopyable, Sendable {
  /// Semaphores of a set, and of all; operations of a call; sets.
  public var semaphoresOfSet: Int64 = 32000
  public var semaphores: Int64 = 1_024_000_000
  public var operations: Int64 = 500
  public var sets: Int64 = 32000
  /// Bytes of a message, and of a queue; queues.
  public var messageBytes: Int64 = 8192
  public var queueBytes: Int64 = 16384
  public var queues: Int64 = 32000
}
