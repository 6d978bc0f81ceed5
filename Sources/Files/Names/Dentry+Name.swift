public import MemoryTypes

extension KernelPointer<Dentry> {
  /// The name's bytes; they stay while the dentry lives and is not renamed.
  public var name: ByteString {
    let length = Int(pointee.nameLength)
    // SAFETY: the storage is the first field of a slab object, which stays in place; a long name's
    // copy lives as long as the dentry.
    if length <= Dentry.inlineName {
      return unsafe ByteString(UnsafeRawBufferPointer(start: raw, count: length))
    }
    return unsafe ByteString(UnsafeRawBufferPointer(start: longName, count: length))
  }

  /// The copy of a name longer than 32 bytes.
  var longName: UnsafeMutableRawPointer {
    get {
      unsafe UnsafeMutableRawPointer(bitPattern: raw.load(as: UInt.self)).unsafelyUnwrapped
    }
    nonmutating set { unsafe raw.storeBytes(of: UInt(bitPattern: newValue), as: UInt.self) }
  }
}
