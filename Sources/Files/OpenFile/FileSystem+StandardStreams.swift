public import MemoryTypes

extension FileSystem {
  /// The table that the first program begins with: standard input, output and error.
  ///
  /// The first two are the console; the third is a console that looks the same and whose bytes go
  /// to a channel of their own.
  public func makeStandardStreams() throws(Errno) -> KernelPointer<FileDescriptorTable> {
    let table = try makeDescriptorTable()
    let console = try open("/dev/console", from: root, .readWrite)
    retain(console)
    _ = try install(console, in: table, limit: 3, closeOnExec: false)
    _ = try install(console, in: table, limit: 3, closeOnExec: false)
    let original = console.pointee.inode
    let inode = try makeInode(
      .device(.standardError), on: .devices, mode: original.pointee.mode,
      number: original.pointee.number)
    inode.pointee.links = 1
    let dentry = try makeDentry("console", in: console.pointee.dentry.pointee.parent, inode)
    _ = try install(
      makeOpenFile(dentry, .readWrite), in: table, limit: 3, closeOnExec: false)
    return table
  }
}
