/// The end of the data segment.
extension PTMalloc where Memory: ~Copyable {
  /// As `sbrk`, which programs may call between allocations: the break before, nil where it fails.
  @inlinable
  public mutating func sbrk(_ increment: Int64) -> UInt64? {
    if currentBreak == 0 { currentBreak = memory.brk(0) }
    if increment == 0 { return currentBreak }
    let old = currentBreak
    let delta = UInt64(bitPattern: increment)
    if increment > 0 ? old &+ delta < old : old < 0 &- delta { return nil }
    let new = memory.brk(old &+ delta)
    // As brk does: the kernel answers with the break that is; __curbrk is that, even if it failed.
    currentBreak = new
    return new < old &+ delta ? nil : old
  }

  /// __glibc_morecore.
  @inlinable
  mutating func morecore(_ increment: Int64) -> UInt64? {
    morecoreFails ? nil : sbrk(increment)
  }
}
