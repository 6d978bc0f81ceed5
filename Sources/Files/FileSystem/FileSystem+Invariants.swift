import Arm64
import KernelHeap
import MemoryTypes
import PageFrames
import Swap

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
  ///
  /// And that its slots are counted, and it is on the list of those with slots if it has any.
  func checkPages(of inode: KernelPointer<Inode>) {
    var swapped: UInt64 = 0
    let isSound = trees.checkInvariants(inode.pointee.pages) { index, entry in
      if let number = entry.frame { checkPage(index, number, of: inode) }
      guard let value = entry.value else { return }
      if inode.pointee.isSharedMemory {
        guard value != Self.lost else { return }
        precondition(swap.pointee.users(of: SwapEntry(rawValue: value)) == 1)
        swapped &+= 1
      } else if let block = DiskBlocks.block(value) {
        precondition(block < state.pointee.disk.count && index < pageCount(of: inode))
      }
    }
    precondition(isSound && swapped == inode.pointee.swapped)
    precondition(state.pointee.disk.used <= state.pointee.disk.count)
    var listed = state.pointee.swapped
    while let here = listed, here != inode { listed = here.pointee.nextSwapped }
    precondition((listed != nil) == (swapped > 0))
  }

  private func checkPage(
    _ index: UInt64, _ number: PageFrameNumber, of inode: KernelPointer<Inode>
  ) {
    let frame = frames.pointee.frame(number)
    precondition(frame.pointee.state == .pageCache)
    precondition(frame.pointee.mapping == UInt64(inode.address) && frame.pointee.index == index)
    precondition(frame.pointee.referenceCount >= 1)
    precondition(index < pageCount(of: inode))
  }
}
