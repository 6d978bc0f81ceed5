import MemoryTypes

/// The hash table of all names, by parent and name (`dentry_hashtable`).
///
/// Its size is chosen once, from the number of files in the archive; chains grow with what the
/// guest creates.
@safe struct NameTable: BitwiseCopyable {
  let buckets: UnsafeMutablePointer<KernelPointer<Dentry>?>
  let mask: UInt32

  /// Unsafe: `count`, a power of two, buckets must stay there for ever.
  @unsafe init(_ buckets: UnsafeMutablePointer<KernelPointer<Dentry>?>, count: UInt32) {
    unsafe self.buckets = buckets
    mask = count &- 1
    for index in 0..<Int(count) { unsafe (buckets + index).initialize(to: nil) }
  }

  /// FNV-1a over the name, begun with the parent's address.
  static func hash(_ name: ByteString, in parent: KernelPointer<Dentry>) -> UInt32 {
    var hash = UInt32(truncatingIfNeeded: parent.address &>> 6) ^ 2_166_136_261
    for index in 0..<name.count {
      hash = (hash ^ UInt32(name[index])) &* 16_777_619
    }
    return hash ^ hash &>> 15
  }

  func find(
    _ name: ByteString, in parent: KernelPointer<Dentry>, hash: UInt32
  ) -> KernelPointer<Dentry>? {
    var candidate = self[hash]
    while let dentry = candidate {
      if dentry.pointee.hash == hash, dentry.pointee.parent == parent,
        dentry.pointee.nameLength == UInt8(name.count), dentry.name == name
      {
        return dentry
      }
      candidate = dentry.pointee.hashNext
    }
    return nil
  }

  func insert(_ dentry: KernelPointer<Dentry>) {
    dentry.pointee.hashNext = self[dentry.pointee.hash]
    unsafe buckets[Int(dentry.pointee.hash & mask)] = dentry
  }

  func remove(_ dentry: KernelPointer<Dentry>) {
    let hash = dentry.pointee.hash
    guard let first = self[hash] else { return }
    if first == dentry {
      unsafe buckets[Int(hash & mask)] = dentry.pointee.hashNext
      return
    }
    var before = first
    while let next = before.pointee.hashNext {
      if next == dentry {
        before.pointee.hashNext = dentry.pointee.hashNext
        return
      }
      before = next
    }
  }

  private subscript(hash: UInt32) -> KernelPointer<Dentry>? {
    unsafe buckets[Int(hash & mask)]
  }
}
