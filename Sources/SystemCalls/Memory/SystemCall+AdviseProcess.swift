import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Advice about another process's memory (mm/madvise.c).
extension SystemCall {
  /// process_madvise(pidfd, pieces, count, advice, flags): how many bytes the advice was taken for.
  @inline(never)
  func adviseProcess() throws(Errno) -> UInt64 {
    guard word(4) == 0 else { throw .EINVAL }
    let pieces = PieceVector(place: address(1), count: argument(2))
    let total = try checkPieces(pieces)
    guard let target = try processFile(0).pointee.task else { throw .ESRCH }
    // process_madvise_behavior_valid(): what cannot lose anything.
    switch Advice(rawValue: UInt64(word(3))) {
    case .willNeed, .cold, .pageOut, .collapse: break
    default: throw .EINVAL
    }
    guard let other = target.pointee.memory.space else { throw .ESRCH }
    do throws(Errno) { try checkInspection(of: target) } catch { throw .EACCES }
    guard task.pointee.capabilities.has(Capabilities.nice) else { throw .EPERM }
    other.pointee.retain()
    defer { AddressSpace.release(other) }
    var left = total
    for index in 0..<pieces.count where left > 0 {
      do throws(Errno) {
        let (start, length) = try piece(index, of: pieces)
        let part = min(length, left)
        try other.pointee.advise(start.untagged, ByteCount(part), UInt64(word(3)))
        if UInt64(word(3)) == Advice.pageOut.rawValue {
          kernel.pageOut(other, start.untagged, ByteCount(part))
        }
        left &-= part
      } catch {
        if left == total { throw error }
        break
      }
    }
    return total &- left
  }
}
