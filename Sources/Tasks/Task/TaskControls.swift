/// What a thread has asked for by prctl that changes nothing but what it is told; its children have
/// the same (task_struct's flags, `thread_info`).
public struct TaskControls: BitwiseCopyable, Sendable {
  /// When broken memory kills it (PR_MCE_KILL_*): 0 late, 1 early, 2 as the machine does.
  public var memoryFailure: UInt8 = 2
  /// Whether it writes back what others need memory for (PR_SET_IO_FLUSHER).
  public var isFlusher = false
  /// Whether loads may pass stores (PR_SPEC_STORE_BYPASS): PR_SPEC_ENABLE, or a way of disabling it.
  public var storeBypass: UInt32 = 2

  public init() {}
}
