public import MemoryTypes

/// One table: its place, and the level that says how many descriptors it has.
///
/// Made from a root or from a table descriptor, never from a number, so that its slots are the
/// descriptors they seem to be.
@safe @usableFromInline struct TranslationTable: BitwiseCopyable {
  @usableFromInline let base: UnsafeMutablePointer<Descriptor>
  @usableFromInline var level: Int

  /// Unsafe: a table of that level must be there, and stay as long as this is used.
  @unsafe @inlinable init(_ base: UnsafeMutableRawPointer, level: Int) {
    unsafe self.base = base.assumingMemoryBound(to: Descriptor.self)
    self.level = level
  }

  /// The slot for an address.
  @inlinable func slot(for address: VirtualAddress, in geometry: TranslationGeometry)
    -> KernelPointer<Descriptor>
  {
    // SAFETY: `index` gives less than the entries of a table at this level.
    unsafe KernelPointer(base + geometry.index(of: address, at: level))
  }

  /// The descriptors from an address to `end`, or to the table's end.
  @inlinable func run(
    at address: VirtualAddress, end: VirtualAddress, in geometry: TranslationGeometry
  ) -> DescriptorRun {
    let shift = geometry.shift(at: level)
    let index = geometry.index(of: address, at: level)
    let last = (end.rawValue &- 1) &>> shift &- address.rawValue &>> shift
    let left = UInt64(truncatingIfNeeded: geometry.entries(at: level) &- 1 &- index)
    // SAFETY: the slots from `index` on that the table still has, and no more.
    return unsafe DescriptorRun(
      unchecked: base + index, start: address, count: Int(min(last, left)) &+ 1)
  }
}
