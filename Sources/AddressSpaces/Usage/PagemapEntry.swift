import Arm64
public import MemoryTypes
import PageFrames

/// The 64 bits that `/proc/<pid>/pagemap` has for a page (fs/proc/task_mmu.c: PM_*).
///
/// Bits 0 to 54 are the frame's number, for those who may know it. Bit 55 (soft-dirty) is never
/// set: arm64 has none.
public struct PagemapEntry: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Mapped by one entry, and this is it (PM_MMAP_EXCLUSIVE).
  @inlinable public static var exclusive: Self { Self(rawValue: 1 << 56) }
  /// A page of a file, or of shared memory (PM_FILE).
  @inlinable public static var file: Self { Self(rawValue: 1 << 61) }
  @inlinable public static var swapped: Self { Self(rawValue: 1 << 62) }
  @inlinable public static var present: Self { Self(rawValue: 1 << 63) }

  /// The bits of the frame's number (PM_PFRAME_MASK).
  @inlinable public static var frameMask: UInt64 { (1 << 55) - 1 }
}

extension AddressSpace {
  /// The words of `/proc/<pid>/pagemap` for 64 pages from an address on
  /// (`pagemap_pmd_range()`, `pte_to_pagemap_entry()`); holes are 0.
  ///
  /// `showsFrames`: whether the reader has CAP_SYS_ADMIN, without which frame numbers read as 0.
  public func pagemap(
    from start: VirtualAddress, showsFrames: Bool
  ) -> InlineArray<64, UInt64> {
    var words: InlineArray<64, UInt64> = .init(repeating: 0)
    let end = VirtualAddress(
      min(
        start.rawValue &+ PageCount(64).bytes(of: pageSize).rawValue,
        taskSize.rawValue))
    guard start.isAligned(to: pageSize), start < end else { return words }
    let geometry = board.translation
    let frames = frames
    let shift = pageSize.shift
    tables.forEachRun(in: start..<end) { run in
      let first = Int(truncatingIfNeeded: (run.start - start).rawValue &>> shift)
      for index in 0..<run.count {
        let descriptor = run[index]
        if let swapped = descriptor.swapEntry {
          var entry = PagemapEntry.swapped
          if showsFrames {
            // The area, and the offset above its bits (MAX_SWAPFILES_SHIFT).
            entry.rawValue |=
              (UInt64(truncatingIfNeeded: swapped.area) | swapped.offset &<< SwapEntry.areaBits)
              & PagemapEntry.frameMask
          }
          words[first &+ index] = entry.rawValue
          continue
        }
        guard descriptor.isPresent else { continue }
        let number = descriptor.frame(in: geometry)
        var entry = PagemapEntry.present
        if showsFrames { entry.rawValue |= number.rawValue & PagemapEntry.frameMask }
        if !descriptor.isSpecial {
          let frame = frames.pointee.frame(number)
          if frame.pointee.state != .anonymous { entry.insert(.file) }
          if frame.pointee.mapCount == 1 { entry.insert(.exclusive) }
        }
        words[first &+ index] = entry.rawValue
      }
    }
    return words
  }
}

extension MemoryContext {
  /// What `/proc/kpageflags` says of a frame, the zero page known: Linux keeps that in its image.
  public func kernelPageFlags(of number: PageFrameNumber) -> UInt64 {
    if number == zeroPage { return KernelPageFlags([.zeroPage, .reserved]).rawValue }
    return frames.pointee.kernelPageFlags(of: number).rawValue
  }

  /// What `/proc/kpagecount` says of a frame.
  public func kernelPageCount(of number: PageFrameNumber) -> UInt64 {
    frames.pointee.kernelPageCount(of: number)
  }
}
