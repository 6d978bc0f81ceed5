import BoardFormat
import KernelAssembly
import MemoryTypes

/// What a watcher of this CPU's accesses hears (``Doorbell``).
extension VirtBoard {
  @inline(__always) func ring(_ bell: Doorbell, _ value: UInt64) {
    doorbell_ring(UInt32(truncatingIfNeeded: bell.rawValue), value)
  }

  /// Says in the board header where the words are.
  static func tellDoorbells() {
    let header = VirtBoard().header
    let address = doorbell_address()
    header.pointee.linearOffset = kernel_parameters.linear_offset
    header.pointee.doorbellsPhysical =
      address &- kernel_parameters.image_virtual &+ kernel_parameters.image_physical
    header.pointee.doorbells = address
  }

  public func kernelMappingsChange() { ring(.unmapping, 0) }
}
