import AddressSpaces
import MemoryTypes
import Tasks

/// The limits of segments, semaphores and queues (ipc/ipc_sysctl.c).
extension ProcFS {
  /// Hands a limit to those who obey it.
  func setInterprocessLimit(_ setting: Sysctl, _ value: Int64) {
    let store = kernel.store
    let memory = kernel.memory
    switch setting {
    case .shmmax: memory.pointee.sharedMemoryLimits.maximumSize = UInt64(bitPattern: value)
    case .shmall: memory.pointee.sharedMemoryLimits.maximumPages = UInt64(bitPattern: value)
    case .shmmni: memory.pointee.sharedMemoryLimits.maximumSegments = UInt64(bitPattern: value)
    case .shmRmidForced: memory.pointee.sharedMemoryLimits.removesUnused = value != 0
    case .msgmax: store.pointee.interprocessLimits.messageBytes = value
    case .msgmnb: store.pointee.interprocessLimits.queueBytes = value
    case .msgmni: store.pointee.interprocessLimits.queues = value
    default: return
    }
  }

  /// One of the four numbers of `kernel.sem`; there is a most of sets.
  func setSemaphoreLimit(_ index: Int, _ value: Int64) throws(Errno) {
    let store = kernel.store
    switch index {
    case 0: store.pointee.interprocessLimits.semaphoresOfSet = value
    case 1: store.pointee.interprocessLimits.semaphores = value
    case 2: store.pointee.interprocessLimits.operations = value
    default:
      guard (0...32768).contains(value) else { throw .ERANGE }
      store.pointee.interprocessLimits.sets = value
    }
  }
}
