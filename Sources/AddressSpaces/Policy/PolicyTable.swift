import Arm64
import KernelHeap
import MemoryTypes
import PageFrames

/// The different policies that areas have had since the machine started.
///
/// An area has ten bits for its policy, so it has the policy's number. A number is never taken back:
/// programs use a handful of policies, and who asks for the 1024th is told that there is no memory.
///
///     numbers 1...count are policies, all different
struct PolicyTable: BitwiseCopyable {
  private var frame: PageFrameNumber?
  private(set) var count: Int = 0

  static var limit: Int { 1023 }

  /// The number of a policy, which gets one if it has none yet.
  mutating func number<B: Board>(
    of policy: MemoryPolicy, _ context: KernelPointer<MemoryContext<B>>
  ) throws(Errno) -> PolicyNumber {
    if policy == .none { return .none }
    var index = 0
    while index < count {
      if self.policy(at: index, context) == policy {
        return PolicyNumber(rawValue: UInt16(index &+ 1))
      }
      index &+= 1
    }
    guard count < Self.limit else { throw .ENOMEM }
    if frame == nil {
      guard let new = context.pointee.frames.pointee.allocate(.kernel) else { throw .ENOMEM }
      frame = new
    }
    slot(count, context)?.pointee = policy.rawValue
    count &+= 1
    return PolicyNumber(rawValue: UInt16(count))
  }

  /// The policy with a number.
  func policy<B: Board>(
    _ number: PolicyNumber, _ context: KernelPointer<MemoryContext<B>>
  ) -> MemoryPolicy {
    number == .none ? .none : policy(at: Int(number.rawValue) &- 1, context)
  }

  private func policy<B: Board>(
    at index: Int, _ context: KernelPointer<MemoryContext<B>>
  ) -> MemoryPolicy {
    MemoryPolicy(rawValue: slot(index, context)?.pointee ?? 0)
  }

  private func slot<B: Board>(
    _ index: Int, _ context: KernelPointer<MemoryContext<B>>
  ) -> KernelPointer<UInt32>? {
    guard let frame, index < Self.limit else { return nil }
    let board = context.pointee.board
    // SAFETY: the frame is the table's, and has room for 1024 words on the smallest pages.
    return unsafe KernelPointer(
      board.pointer(to: frame.address(board.pageSize)).assumingMemoryBound(to: UInt32.self) + index)
  }
}
