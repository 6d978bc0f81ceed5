import Arm64
import MemoryTypes
import PageFrames

extension FileSystem {
  /// Traps if names, inodes, trees and counters do not agree.
  public func checkInvariants() {
    precondition(root.pointee.parent == nil && root.pointee.references >= 1)
    _ = checkFolder(root)
  }

  /// Checks a folder and all below it; answers how many names are linked there.
  private func checkFolder(_ folder: KernelPointer<Dentry>) -> Int {
    var count = 0
    var folders: UInt32 = 0
    var previous: KernelPointer<Dentry>?
    var child = folder.pointee.firstChild
    while let here = child {
      precondition(here.pointee.isLinked && !here.pointee.isDeleted)
      precondition(here.pointee.parent == folder)
      precondition(here.pointee.previous == previous)
      precondition(here.pointee.references >= 1)
      precondition(here.pointee.sequence < folder.pointee.nextSequence)
      if let previous { precondition(here.pointee.sequence < previous.pointee.sequence) }
      let hash = NameTable.hash(here.name, in: folder)
      precondition(here.pointee.hash == hash)
      precondition(names.find(here.name, in: folder, hash: hash) == here)
      let inode = here.pointee.inode
      precondition(inode.pointee.references >= 1 && inode.pointee.links >= 1)
      if inode.pointee.isDirectory {
        folders &+= 1
        if inode.pointee.node == nil { count &+= checkFolder(here) }
      } else {
        checkPages(of: inode)
      }
      count &+= 1
      previous = here
      child = here.pointee.next
    }
    precondition(folder.pointee.inode.pointee.links == 2 &+ folders)
    return count
  }

  /// Checks that a file's pages are its own, in place, held, and not beyond its end.
  func checkPages(of inode: KernelPointer<Inode>) {
    let tree = inode.pointee.pages
    var count: UInt64 = 0
    if tree.height == 0 {
      if tree.root != 0 { count = checkPage(0, PageFrameNumber(tree.root &>> 1), of: inode) }
    } else if tree.root != 0 {
      precondition(node(tree.root).pointee.parent == nil)
      count = checkNode(node(tree.root), height: tree.height, base: 0, of: inode)
    }
    precondition(count == tree.count)
  }

  private func checkNode(
    _ current: KernelPointer<PageTreeNode>, height: UInt64, base: UInt64,
    of inode: KernelPointer<Inode>
  ) -> UInt64 {
    var count: UInt64 = 0
    var used: UInt8 = 0
    for slot in 0..<PageTreeNode.slots {
      let entry = current.pointee.entries[Int(slot)]
      guard entry != 0 else { continue }
      used &+= 1
      let place = base &+ (slot &<< (PageTreeNode.slotBits &* (height &- 1)))
      if height == 1 {
        precondition(entry & 1 == 1)
        count &+= checkPage(place, PageFrameNumber(entry &>> 1), of: inode)
      } else {
        let below = node(entry)
        precondition(below.pointee.parent == current && UInt64(below.pointee.place) == slot)
        count &+= checkNode(below, height: height &- 1, base: place, of: inode)
      }
    }
    precondition(used == current.pointee.used)
    return count
  }

  private func checkPage(
    _ index: UInt64, _ number: PageFrameNumber, of inode: KernelPointer<Inode>
  ) -> UInt64 {
    let frame = frames.pointee.frame(number)
    precondition(frame.pointee.state == .pageCache)
    precondition(frame.pointee.mapping == UInt64(inode.address) && frame.pointee.index == index)
    precondition(frame.pointee.referenceCount >= 1)
    precondition(index < pageCount(of: inode))
    return 1
  }
}
