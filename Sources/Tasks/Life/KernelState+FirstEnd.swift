import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes

extension KernelState {
  /// Records how the first program ended, while it still has its memory.
  func noteEnd(_ process: KernelPointer<Process<B>>, _ status: ExitStatus) {
    var record = EndRecord(
      reason: .exited, status: 0, address: process.pointee.endAddress,
      pc: process.pointee.endCounter)
    switch process.pointee.groupExit ?? status {
    case .exited(let code): record.status = UInt32(code)
    case .signalled(let signal):
      record.status = signal.rawValue
      record.reason = process.pointee.isOutOfMemoryVictim ? .outOfMemory : .signalled
    }
    store.pointee.end = record
    let counts = board.instructions
    let start = store.pointee.programStart
    statistics.pointee.userInstructions = counts.user &- start.user
    statistics.pointee.kernelInstructions = counts.kernel &- start.kernel
    if let space = current.pointee.memory.space {
      space.pointee.synchronizeResident()
      statistics.pointee.peakResident = space.pointee.peakResidentPages.rawValue
      statistics.pointee.residentAnonymous = space.pointee.residentPages(.anonymous).rawValue
      statistics.pointee.residentFile = space.pointee.residentPages(.file).rawValue
      statistics.pointee.residentShared = space.pointee.residentPages(.shared).rawValue
      statistics.pointee.peakVirtual = space.pointee.peakTotalPages.rawValue
      statistics.pointee.tablePages = space.pointee.tablePages()
      statistics.pointee.mappings = UInt64(space.pointee.mapCount)
    }
    tellBeforeTeardown()
  }
}
