import Arm64
import Files
public import MemoryTypes

/// Words of programs that the kernel knows by what they are, wherever they are mapped.
extension AddressSpace {
  /// What a shared word is known by: the object that holds it and the offset in there
  /// (kernel/futex/core.c:get_futex_key()).
  ///
  /// Pages of a shared mapping belong to the file or the shared memory under it; private ones to
  /// the space and the address. EFAULT for what is not there, what may not be written if it must
  /// be, and for private memory that can only be read, since nobody would ever change it.
  public mutating func sharedWord(
    at address: VirtualAddress, writes: Bool
  ) throws(Errno) -> (object: UInt, offset: UInt64) {
    guard isUserRange(address, 4), let area = areas.area(containing: address) else { throw .EFAULT }
    let isWritable = unsafe userPointer(address, write: true) != nil
    if !isWritable {
      guard !writes, unsafe userPointer(address, write: false) != nil else { throw .EFAULT }
    }
    if let file = area.pointee.file, !area.pointee.isAnonymous,
      area.pointee.flags.contains(.mayShare) || !isWritable
    {
      let inside = (address - area.pointee.start).rawValue
      return (
        file.pointee.dentry.pointee.inode.address,
        area.pointee.pageOffset &<< pageSize.shift &+ inside
      )
    }
    guard isWritable else { throw .EFAULT }
    // Not the key of a private word, which is the address itself (FUT_OFF_MMSHARED).
    return (here.map { $0.address } ?? 0, address.rawValue | 1)
  }

  /// Exchanges a word for what a function makes of it; the old one.
  ///
  /// With several CPUs this is a loop of exclusive loads and stores.
  public mutating func exchangeWord(
    at address: VirtualAddress, _ change: (UInt32) -> UInt32
  ) throws(Errno) -> UInt32 {
    guard isUserRange(address, 4), address.rawValue & 3 == 0,
      let place = unsafe userPointer(address, write: true)
    else { throw .EFAULT }
    // SAFETY: four aligned bytes of a page that EL0 may write.
    let word = unsafe place.assumingMemoryBound(to: UInt32.self)
    let old = unsafe word.pointee
    unsafe word.pointee = change(old)
    return old
  }
}
