import Arm64
public import MemoryTypes
public import PageFrames

/// Byte buffers whose owners know their size.
extension SlabAllocator {
  /// Allocates a byte buffer; nil for no bytes.
  ///
  /// Its contents are whatever was there.
  public func allocateBytes(
    _ size: ByteCount, _ flags: GFP = .kernel
  ) -> UnsafeMutableRawPointer? {
    guard size > .zero else { return nil }
    return unsafe kmalloc(size, flags)
  }

  /// Gives back a byte buffer with the size that it was asked for.
  public func freeBytes(_ buffer: UnsafeMutableRawPointer, _ size: ByteCount) {
    let isOurs = unsafe kfree(buffer)
    precondition(isOurs, "no buffer is there")
  }
}
