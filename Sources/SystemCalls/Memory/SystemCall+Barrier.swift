import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// membarrier (kernel/sched/membarrier.c): with one CPU, what a program did is seen by all of it
/// already; who may ask for what is as on many.
extension SystemCall {
  /// The commands of 6.1, and those that a space must be registered for.
  private enum Barrier {
    static var all: UInt64 { 0x1ff }
    static var registersPrivate: UInt32 { 1 << 4 }
    static var registersCore: UInt32 { 1 << 6 }
    static var registersSequences: UInt32 { 1 << 8 }
  }

  /// membarrier(command, flags, CPU).
  func memoryBarrier() throws(Errno) -> UInt64 {
    let command = word(0)
    // Restartable sequences alone may be asked about on one CPU.
    guard word(1) == 0 || command == 1 << 7 && word(1) == 1 else { throw .EINVAL }
    let registered = space.pointee.barriers
    switch command {
    case 0: return Barrier.all
    case 1 << 0, 1 << 1, 1 << 2: return 0
    case Barrier.registersPrivate, Barrier.registersCore, Barrier.registersSequences:
      space.pointee.barriers = registered | command
      return 0
    case 1 << 3, 1 << 5, 1 << 7:
      guard registered & command &<< 1 != 0 else { throw .EPERM }
      return 0
    default: throw .EINVAL
    }
  }
}
