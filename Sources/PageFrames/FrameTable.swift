public import MemoryTypes

/// All frames, indexed by frame number: Linux's `vmemmap`.
///
/// A virtual array in which only the parts that describe RAM have memory under them. The base is
/// the address that frame 0 has or would have, so finding a frame is one shift and one addition.
@safe public struct FrameTable: BitwiseCopyable {
  @usableFromInline let base: UnsafeMutableRawPointer

  /// The base-2 logarithm of a frame's size.
  @inlinable public static var frameShift: UInt64 { 6 }

  /// The table whose frame 0 is, or would be, at `base`.
  ///
  /// Unsafe: the entries of all RAM must be mapped there as long as the table is used.
  @unsafe @inlinable public init(base: UnsafeMutableRawPointer) { unsafe self.base = base }

  @inlinable public subscript(_ number: PageFrameNumber) -> KernelPointer<Frame> {
    // SAFETY: `init` was promised that entries of RAM are mapped; zero bytes are a valid frame.
    unsafe KernelPointer(
      (base + Int(truncatingIfNeeded: number.rawValue &<< Self.frameShift))
        .assumingMemoryBound(to: Frame.self))
  }

  @inlinable public func number(of frame: KernelPointer<Frame>) -> PageFrameNumber {
    PageFrameNumber(UInt64(frame.address &- (unsafe UInt(bitPattern: base))) &>> Self.frameShift)
  }

  /// Makes frames as they are before anyone touched them.
  func clear(_ first: PageFrameNumber, _ count: PageCount) {
    let bytes = Int(truncatingIfNeeded: count.rawValue &<< Self.frameShift)
    // SAFETY: the caller's frames are in the table.
    unsafe self[first].raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
  }
}
