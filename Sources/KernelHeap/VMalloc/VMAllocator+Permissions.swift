import Arm64
public import MemoryTypes
import PageFrames

/// What may be done with the pages of an area: arch/arm64/mm/pageattr.c.
///
/// Each change is seen by all at once: the TLB is told before these return. Areas of
/// ``allocate(_:caller:)`` and its like only, whole pages of one area; false for anything else, with
/// nothing changed (`change_memory_common()`: EINVAL).
extension VMAllocator {
  /// Nobody may write (`set_memory_ro()`).
  @discardableResult
  public mutating func setReadOnly(_ address: VirtualAddress, _ count: PageCount) -> Bool {
    change(address, count, set: .readOnly, clear: .writable)
  }

  /// The kernel may write (`set_memory_rw()`).
  @discardableResult
  public mutating func setWritable(_ address: VirtualAddress, _ count: PageCount) -> Bool {
    change(address, count, set: .writable, clear: .readOnly)
  }

  /// Nobody may execute (`set_memory_nx()`).
  @discardableResult
  public mutating func setNotExecutable(_ address: VirtualAddress, _ count: PageCount) -> Bool {
    change(address, count, set: .privilegedExecuteNever, clear: .guarded)
  }

  /// The kernel may execute; what was written there before is what it will (`set_memory_x()`, and
  /// `flush_icache_range()` as load_module() has it).
  @discardableResult
  public mutating func setExecutable(_ address: VirtualAddress, _ count: PageCount) -> Bool {
    guard change(address, count, set: [], clear: .privilegedExecuteNever) else { return false }
    let pageSize = board.pageSize
    for page in 0..<count.rawValue {
      if let number = frame(of: address + PageCount(page).bytes(of: pageSize)) {
        board.synchronizeInstructions(at: number.address(pageSize), pageSize.bytes)
      }
    }
    return true
  }

  /// Takes pages out of the tables, or back in, with all else as it was (`set_memory_valid()`).
  @discardableResult
  public mutating func setValid(_ address: VirtualAddress, _ count: PageCount, _ isValid: Bool)
    -> Bool
  {
    isValid
      ? change(address, count, set: .valid, clear: [])
      : change(address, count, set: [], clear: .valid)
  }

  /// No lazy address may be left that the same memory has with other permissions (`vm_unmap_aliases()`
  /// in change_memory_common()).
  private mutating func change(
    _ address: VirtualAddress, _ count: PageCount, set: Descriptor.Attributes,
    clear: Descriptor.Attributes
  ) -> Bool {
    let pageSize = board.pageSize
    if count == .zero { return true }
    guard address.isAligned(to: pageSize), let area = area(containing: address),
      let description = description(area), description.pointee.flags.contains(.alloc),
      description.pointee.pageOrder == 0
    else { return false }
    let end = description.pointee.start + description.pointee.usableSize(pageSize)
    guard count <= (end - address).wholePages(of: pageSize) else { return false }
    purge()
    board.kernelMappingsChange()
    let range = address..<(address + count.bytes(of: pageSize))
    table.forEachRun(in: range) { run in
      for index in 0..<run.count {
        run[index] = run[index].clearing(clear).setting(set)
      }
    }
    board.invalidate(.kernelRange(address, count))
    return true
  }
}
