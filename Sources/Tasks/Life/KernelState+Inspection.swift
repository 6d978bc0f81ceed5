import AddressSpaces
import Arm64
public import BoardFormat
import MemoryTypes

/// Stopping the machine so that the tool can look at a program's memory.
///
/// RAM is a file that the tool maps, too, so all it takes is that nothing changes any more: the
/// texts are sent, the root of the program's tables is written down, and the power goes off before
/// anything is torn down. The tool walks the tables by itself (Documentation/Theory/HeapInspection.md).
extension KernelState {
  /// Makes the texts of the end; where the machine is to be looked at, that is its end.
  func tellBeforeTeardown() {
    if let texts = store.pointee.beforeTeardown { texts(self, current) }
    guard store.pointee.header.options.contains(.stopsForInspection) else { return }
    if let space = current.pointee.memory.space {
      statistics.pointee.inspectedRoot = space.pointee.translation.tables.rawValue
    }
    board.powerOff(store.pointee.end)
  }

  /// Ends the machine in the middle of the current program, whose memory stays as it is.
  public func stopForInspection(_ record: EndRecord) {
    store.pointee.end = record
    tellBeforeTeardown()
  }
}
