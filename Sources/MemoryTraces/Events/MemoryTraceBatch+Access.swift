import Arm64
import HardwareModel
import MemoryTypes

extension MemoryTraceBatch {
  /// Adds an access of a program, in pieces of 64 bytes where it has more.
  @inline(__always) func append(_ kind: AccessKind, _ address: UInt64, _ size: UInt64) {
    let privilege = Int64(bitPattern: address) < 0 ? Privilege.kernel : .user
    guard size > 64 else {
      return append(AccessRecord(kind, VirtualAddress(address), size: size, by: privilege))
    }
    appendPieces(kind, address, size, privilege)
  }

  /// Adds an access of the kernel, wherever it is.
  func appendKernel(_ kind: AccessKind, _ address: UInt64, _ size: UInt64) {
    appendPieces(kind, address, size, .kernel)
  }

  @inline(never) private func appendPieces(
    _ kind: AccessKind, _ address: UInt64, _ size: UInt64, _ privilege: Privilege
  ) {
    var done: UInt64 = 0
    while done < size && count < Self.capacity {
      let piece = min(64, size - done)
      append(AccessRecord(kind, VirtualAddress(address &+ done), size: piece, by: privilege))
      done += piece
    }
  }
}
