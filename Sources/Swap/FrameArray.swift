import Arm64
import MemoryTypes
import PageFrames

/// A long row of small values in single frames, found through a directory.
///
/// What Linux has in vmalloc, without its tables: the rows of a swap area are as long as the area,
/// and are looked up at every swap, so two loads are what it may cost.
@safe struct FrameArray<Element: BitwiseCopyable, B: Board>: BitwiseCopyable {
  /// The frames' addresses, a word each.
  private let directory: UnsafeMutablePointer<UInt>
  private let first: PageFrameNumber
  private let order: Order
  private let shift: UInt64
  let count: UInt64

  /// A row of `count` zeros; nil without memory for it, or where it would be beyond all reason.
  init?(_ count: UInt64, _ board: B, _ frames: KernelPointer<FrameAllocator<B>>) {
    let size = board.pageSize
    let width = UInt64(MemoryLayout<Element>.stride)
    precondition(width & (width &- 1) == 0)
    shift = size.shift &- UInt64(width.trailingZeroBitCount)
    self.count = count
    let chunks = (count &+ (1 &<< shift) &- 1) &>> shift
    order = Order(holding: ByteCount(chunks &* 8).pagesNeeded(of: size))
    guard count <= 1 &<< 48, order <= frames.pointee.geometry.largest,
      let first = frames.pointee.allocate(order, [.kernel, .zero, .noWarn])
    else { return nil }
    self.first = first
    // SAFETY: a block of frames of the row's own, long enough for a word a chunk.
    unsafe directory = board.pointer(to: first.address(size)).bindMemory(
      to: UInt.self, capacity: Int(truncatingIfNeeded: max(chunks, 1)))
    for chunk in 0..<Int(truncatingIfNeeded: chunks) {
      guard let frame = frames.pointee.allocate([.kernel, .zero, .noWarn]) else {
        free(frames, chunks: chunk)
        return nil
      }
      unsafe directory[chunk] = UInt(bitPattern: board.pointer(to: frame.address(size)))
    }
  }

  @inline(__always) subscript(_ index: UInt64) -> Element {
    get { unsafe place(index).pointee }
    nonmutating set { unsafe place(index).pointee = newValue }
  }

  @inline(__always)
  private func place(_ index: UInt64) -> UnsafeMutablePointer<Element> {
    precondition(index < count)
    // SAFETY: the directory has a frame for each chunk below `count`.
    let chunk = unsafe UnsafeMutableRawPointer(
      bitPattern: directory[Int(truncatingIfNeeded: index &>> shift)]
    ).unsafelyUnwrapped
    return unsafe chunk.assumingMemoryBound(to: Element.self)
      + Int(truncatingIfNeeded: index & (1 &<< shift &- 1))
  }

  /// Gives the frames back.
  func free(_ frames: KernelPointer<FrameAllocator<B>>) {
    free(frames, chunks: Int(truncatingIfNeeded: (count &+ (1 &<< shift) &- 1) &>> shift))
  }

  private func free(_ frames: KernelPointer<FrameAllocator<B>>, chunks: Int) {
    let board = frames.pointee.board
    for chunk in 0..<chunks {
      // SAFETY: addresses of frames that `init` put there.
      let pointer = unsafe UnsafeMutableRawPointer(bitPattern: directory[chunk]).unsafelyUnwrapped
      let address = unsafe board.physicalAddress(of: pointer)
      frames.pointee.free(PageFrameNumber(containing: address, board.pageSize))
    }
    frames.pointee.free(first, order)
  }
}
