public import Files
import KernelHeap
public import MemoryTypes

/// Where a program's relative paths begin, and what permissions new files do not get; shared by
/// threads and by whoever was made with CLONE_FS (`struct fs_struct`).
///
///     references == number of tasks whose `folders` point here
///
/// Owns a reference of each folder. With several CPUs it needs a lock of its own.
@safe public struct FolderState: ~Copyable {
  let resident = Resident()
  public internal(set) var references = 1
  /// The folder that relative paths begin at.
  public var workingDirectory: KernelPointer<Dentry>
  /// The folder that it takes for `/`; nil for the tree's own (chroot).
  public internal(set) var root: KernelPointer<Dentry>?
  /// The permission bits that new files do not get.
  public var umask: UInt32

  init(workingDirectory: KernelPointer<Dentry>, umask: UInt32) {
    self.workingDirectory = workingDirectory
    self.umask = umask
  }
}

extension KernelState {
  /// A state that takes over the caller's reference of a folder.
  func makeFolderState(
    _ folder: KernelPointer<Dentry>, umask: UInt32
  ) throws(Errno) -> KernelPointer<FolderState> {
    guard
      let folders = store.pointee.caches.folders.allocate(
        FolderState(workingDirectory: folder, umask: umask))
    else {
      files.pointee.release(folder)
      throw .ENOMEM
    }
    return folders
  }

  /// A copy (fs/fs_struct.c:copy_fs_struct()).
  func copy(_ folders: KernelPointer<FolderState>) throws(Errno) -> KernelPointer<FolderState> {
    files.pointee.retain(folders.pointee.workingDirectory)
    let copy = try makeFolderState(
      folders.pointee.workingDirectory, umask: folders.pointee.umask)
    if let root = folders.pointee.root { files.pointee.retain(root) }
    copy.pointee.root = folders.pointee.root
    return copy
  }

  /// One user less; with the last it is gone (exit_fs()).
  func release(_ folders: KernelPointer<FolderState>) {
    folders.pointee.references &-= 1
    guard folders.pointee.references == 0 else { return }
    files.pointee.release(folders.pointee.workingDirectory)
    if let root = folders.pointee.root { files.pointee.release(root) }
    store.pointee.caches.folders.free(folders)
  }

  /// Sets the folder that the current task's relative paths begin at (set_fs_pwd()); takes over
  /// the reference.
  public func setWorkingDirectory(_ folder: KernelPointer<Dentry>) {
    guard let folders = current.pointee.folders else {
      files.pointee.release(folder)
      return
    }
    files.pointee.release(folders.pointee.workingDirectory)
    folders.pointee.workingDirectory = folder
  }

  /// Sets the folder that the current task takes for `/` (set_fs_root()); takes over the reference.
  public func setRoot(_ folder: KernelPointer<Dentry>) {
    guard let folders = current.pointee.folders else {
      files.pointee.release(folder)
      return
    }
    if let old = folders.pointee.root { files.pointee.release(old) }
    folders.pointee.root = folder
  }
}
