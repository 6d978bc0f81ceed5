import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// What calls that wait for files have in common: a mask to wait with, and the time that is left
/// (fs/select.c, kernel/signal.c:set_user_sigmask()).
extension SystemCall {
  /// Sets the mask that lies at an address, if it is not null.
  func setWaitingMask(_ place: VirtualAddress, size: UInt64) throws(Errno) {
    guard place.rawValue != 0 else { return }
    guard size == 8 else { throw .EINVAL }
    let mask = try space.pointee.copyIn(UInt64.self, from: place)
    kernel.setWaitingMask(SignalSet(rawValue: mask & ~SignalSet.unblockable.rawValue))
  }

  /// Waits, then brings the mask back, unless a signal ended the wait that is to be taken first,
  /// and stores the time that is left (poll_select_finish()).
  ///
  /// Where that cannot be stored, the call is not made again.
  func finishWait(
    _ timeout: VirtualAddress, until deadline: UInt64?, _ body: () throws(Errno) -> UInt64
  ) throws(Errno) -> UInt64 {
    var result: UInt64 = 0
    var failure: Errno?
    do throws(Errno) {
      result = try body()
    } catch { failure = error }
    if failure != .ERESTARTNOHAND { kernel.restoreMask() }
    if let deadline, try interval(at: timeout) > 0 {
      let clock = kernel.board.clock
      let left = MachineTime(
        ticks: deadline > clock.ticks ? deadline &- clock.ticks : 0, frequency: clock.frequency)
      do throws(Errno) {
        try space.pointee.copyOut(left.nanoseconds / 1_000_000_000, to: timeout)
        try space.pointee.copyOut(left.nanoseconds % 1_000_000_000, to: timeout + ByteCount(8))
      } catch {
        if failure == .ERESTARTNOHAND { failure = .EINTR }
      }
    }
    if let failure { throw failure }
    return result
  }
}
