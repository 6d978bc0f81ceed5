public import MemoryTypes

/// Consecutive descriptors of one last-level table, and the addresses they are for.
///
/// What a loop over pages runs on: the walk is done once a table, and a page costs a load, a store
/// and whatever is done with it.
///
/// ```swift
/// for i in 0..<run.count where run[i].isPresent { run[i] = run[i].writeProtected }
/// ```
@safe public struct DescriptorRun: BitwiseCopyable {
  @usableFromInline let slots: UnsafeMutablePointer<Descriptor>
  /// The address that the first descriptor is for.
  public let start: VirtualAddress
  public let count: Int

  @usableFromInline init(
    unchecked slots: UnsafeMutablePointer<Descriptor>, start: VirtualAddress, count: Int
  ) {
    unsafe self.slots = slots
    self.start = start
    self.count = count
  }

  /// The descriptor of the run's `index`th page.
  @inlinable public subscript(index: Int) -> Descriptor {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the table holds `count` descriptors from `slots` on, and the index is one of them.
      return unsafe slots[index]
    }
    nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: as above.
      unsafe slots[index] = newValue
    }
  }

  /// The place of the run's `index`th descriptor.
  @inlinable public func slot(_ index: Int) -> KernelPointer<Descriptor> {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // SAFETY: the table stays while its address space maps anything under it.
    return unsafe KernelPointer(slots + index)
  }

  /// The address of the run's `index`th page.
  @inlinable public func address(_ index: Int, _ size: PageSize) -> VirtualAddress {
    start + PageCount(UInt64(truncatingIfNeeded: index)).bytes(of: size)
  }
}
