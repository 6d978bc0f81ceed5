import KernelAssembly
import MemoryTypes
import PageFrames
import Tasks

/// Makes the pages that 32-bit programs see; nil where none can run: without AArch32 at EL0
/// (ID_AA64PFR0_EL1.EL0), with pages other than 4K, or without memory.
func makeCompatPages(
  _ board: VirtBoard, _ frames: KernelPointer<FrameAllocator<VirtBoard>>
) -> CompatPages? {
  let size = board.pageSize
  guard board.idRegisters.pfr0 & 15 == 2, size == .fourKiB,
    let vectors = frames.pointee.allocate([.kernel, .zero]),
    let signalPage = frames.pointee.allocate([.kernel, .zero]),
    let vdso = frames.pointee.allocate([.kernel, .zero])
  else { return nil }
  /// Copies a part of the image into a frame, to its beginning or its end.
  func copy(_ start: UInt64, _ end: UInt64, to frame: PageFrameNumber, atEnd: Bool) {
    let length = end &- start
    precondition(length <= size.bytes.rawValue)
    let offset = atEnd ? size.bytes.rawValue &- length : 0
    // SAFETY: the image has so many bytes there, and the frame is ours and large enough.
    unsafe board.pointer(to: frame.address(size) + ByteCount(offset)).copyMemory(
      from: UnsafeRawPointer(bitPattern: UInt(start)).unsafelyUnwrapped, byteCount: Int(length))
  }
  copy(address_of_user_helpers_start(), address_of_user_helpers_end(), to: vectors, atEnd: true)
  copy(address_of_vdso32_start(), address_of_vdso32_end(), to: vdso, atEnd: false)
  let returns = CompatPages.signalReturns
  for index in 0..<1024 {
    board.store(
      index < 6 ? returns[index] : CompatPages.poison,
      at: signalPage.address(size) + ByteCount(UInt64(index) &* 4))
  }
  let all: InlineArray<3, PageFrameNumber> = [vectors, signalPage, vdso]
  for index in 0..<3 {
    board.synchronizeInstructions(at: all[index].address(size), size.bytes)
  }
  return CompatPages(vectors: vectors, signalPage: signalPage, vdso: vdso)
}
