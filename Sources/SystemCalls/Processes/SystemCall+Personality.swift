import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

extension SystemCall {
  /// personality(new): what it was; 0xffffffff changes nothing (kernel/exec_domain.c).
  func exchangePersonality() -> UInt64 {
    let old = task.pointee.memory.personality
    if word(0) != .max { task.pointee.memory.personality = Personality(rawValue: word(0)) }
    return UInt64(old.rawValue)
  }
}
