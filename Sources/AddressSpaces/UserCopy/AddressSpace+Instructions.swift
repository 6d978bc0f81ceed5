import Arm64
public import MemoryTypes

extension AddressSpace {
  /// Makes what was written to a part of one page visible as instructions
  /// (`caches_clean_inval_user_pou()`); EFAULT if it is not the program's to read.
  public mutating func synchronizeInstructions(
    _ start: VirtualAddress, _ end: VirtualAddress
  ) throws(Errno) {
    guard start < end else { return }
    guard end <= taskSize, unsafe userPointer(start, write: false) != nil,
      let slot = tables.entry(for: start)
    else { throw .EFAULT }
    let frame = slot.pointee.output(in: board.translation)
    board.synchronizeInstructions(at: frame + start.offset(in: pageSize), end - start)
  }
}
