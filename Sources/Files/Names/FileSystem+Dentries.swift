import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// Makes a name in a folder, not yet known to it.
  ///
  /// The dentry takes over the caller's reference of the inode, also when this fails.
  func makeDentry(
    _ name: ByteString, in parent: KernelPointer<Dentry>?, _ inode: KernelPointer<Inode>
  ) throws(Errno) -> KernelPointer<Dentry> {
    guard let dentry = caches.dentries.allocate(Dentry(parent: parent, inode: inode)) else {
      release(inode)
      throw .ENOMEM
    }
    do throws(Errno) {
      try setName(name, of: dentry)
    } catch {
      caches.dentries.free(dentry)
      release(inode)
      throw error
    }
    parent?.pointee.references &+= 1
    return dentry
  }

  /// Gives a new dentry its name.
  private func setName(_ name: ByteString, of dentry: KernelPointer<Dentry>) throws(Errno) {
    let copy = unsafe try longCopy(of: name)
    unsafe setName(name, copy: copy, of: dentry)
  }

  /// A copy of a name that is too long for a dentry; nil for one that is not.
  func longCopy(of name: ByteString) throws(Errno) -> UnsafeMutableRawPointer? {
    guard name.count > Dentry.inlineName else { return nil }
    let size = ByteCount(UInt64(name.count))
    guard let copy = unsafe slab.pointee.allocateBytes(size, [.kernel, .reclaimable, .account])
    else {
      throw .ENOMEM
    }
    // SAFETY: the buffer was allocated with the name's size.
    unsafe UnsafeMutableRawBufferPointer(start: copy, count: name.count)
      .copyBytes(from: name.bytes)
    return unsafe copy
  }

  /// Writes a name, or the address of its copy, into a dentry; the old name must be gone.
  @unsafe func setName(
    _ name: ByteString, copy: UnsafeMutableRawPointer?, of dentry: KernelPointer<Dentry>
  ) {
    if let copy = unsafe copy {
      unsafe dentry.longName = copy
    } else {
      // SAFETY: the storage has 32 bytes.
      unsafe UnsafeMutableRawBufferPointer(start: dentry.raw, count: Dentry.inlineName)
        .copyBytes(from: name.bytes)
    }
    dentry.pointee.nameLength = UInt8(name.count)
  }

  func dropName(of dentry: KernelPointer<Dentry>) {
    let length = Int(dentry.pointee.nameLength)
    guard length > Dentry.inlineName else { return }
    unsafe slab.pointee.freeBytes(dentry.longName, ByteCount(UInt64(length)))
    dentry.pointee.nameLength = 0
  }

  /// Makes a folder know a name: the tree now holds the caller's reference.
  func link(_ dentry: KernelPointer<Dentry>, into parent: KernelPointer<Dentry>) {
    dentry.pointee.hash = NameTable.hash(dentry.name, in: parent)
    names.insert(dentry)
    let first = parent.pointee.firstChild
    dentry.pointee.next = first
    dentry.pointee.previous = nil
    first?.pointee.previous = dentry
    parent.pointee.firstChild = dentry
    dentry.pointee.sequence = parent.pointee.nextSequence
    parent.pointee.nextSequence &+= 1
    dentry.pointee.isLinked = true
    // tmpfs counts 20 bytes a name (BOGO_DIRENT_SIZE).
    parent.pointee.inode.pointee.size &+= 20
  }

  /// Makes the parent forget a name; the reference that the tree held is the caller's.
  func unlink(_ dentry: KernelPointer<Dentry>) {
    guard let parent = dentry.pointee.parent else { return }
    names.remove(dentry)
    let next = dentry.pointee.next
    let previous = dentry.pointee.previous
    next?.pointee.previous = previous
    if let previous {
      previous.pointee.next = next
    } else {
      parent.pointee.firstChild = next
    }
    dentry.pointee.next = nil
    dentry.pointee.previous = nil
    dentry.pointee.isLinked = false
    parent.pointee.inode.pointee.size &-= 20
  }

  /// Adds a reference to a name: a current folder, a lookup's answer kept.
  public func retain(_ dentry: KernelPointer<Dentry>) { dentry.pointee.references &+= 1 }

  /// Drops a reference to a name; what nothing holds any more goes, and its parents with it.
  public func release(_ dentry: KernelPointer<Dentry>) {
    var current = dentry
    while true {
      current.pointee.references &-= 1
      guard current.pointee.references == 0 else { return }
      let parent = current.pointee.parent
      release(current.pointee.inode)
      dropName(of: current)
      caches.dentries.free(current)
      guard let parent else { return }
      current = parent
    }
  }
}
