import BoardFormat
import KernelAssembly
import MemoryTypes
import PageFrames
import Tasks

/// Makes the vdso: copies its page into a frame of its own and fills its data page; nil without
/// memory.
///
/// The page is told where its data is (arch/arm64/kernel/vdso.c, kernel/time/vsyscall.c).
func makeVDSO(_ board: VirtBoard, _ frames: KernelPointer<FrameAllocator<VirtBoard>>) -> VDSOImage?
{
  guard
    let code = frames.pointee.allocate([.kernel, .zero]),
    let data = frames.pointee.allocate([.kernel, .zero])
  else { return nil }
  let size = board.pageSize
  let target = code.address(size)
  let length = Int(address_of_vdso_end() &- address_of_vdso_start())
  precondition(UInt64(length) <= size.bytes.rawValue)
  // SAFETY: the image has so many bytes there, and the frame is ours and large enough.
  unsafe board.pointer(to: target).copyMemory(
    from: UnsafeRawPointer(bitPattern: UInt(address_of_vdso_start())).unsafelyUnwrapped,
    byteCount: length)
  let distance = ByteCount(address_of_vdso_data_distance() &- address_of_vdso_start())
  board.store(2 &* size.bytes.rawValue, at: target + distance)
  board.synchronizeInstructions(at: target, size.bytes)

  // Nanoseconds a tick, times 2^32, and the time of day when the counter was 0.
  let frequency = read_cntfrq()
  let (whole, rest) = UInt64(1_000_000_000).quotientAndRemainder(dividingBy: frequency)
  board.store(whole &<< 32 | (rest &<< 32) / frequency, at: data.address(size))
  board.store(board.header.pointee.realtimeSeconds, at: data.address(size) + ByteCount(8))
  board.store(UInt64(0), at: data.address(size) + ByteCount(16))
  return VDSOImage(code: code, codePages: PageCount(1), data: data, dataPages: PageCount(2))
}
