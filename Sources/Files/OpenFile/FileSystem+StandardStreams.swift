public import MemoryTypes

extension FileSystem {
  /// The table that the first program begins with: standard input, output and error.
  ///
  /// The first is the console; the others are consoles that look the same, one for lines and one
  /// whose bytes go to a channel of their own.
  public func makeStandardStreams() throws(Errno) -> KernelPointer<FileDescriptorTable> {
    let table = try makeDescriptorTable()
    let console = try open("/dev/console", from: root, .readWrite)
    _ = try install(console, in: table, limit: 3, closeOnExec: false)
    let devices: InlineArray<2, CharacterDevice> = [.standardOutput, .standardError]
    for index in 0..<2 {
      let device = devices[index]
      let original = console.pointee.inode
      let inode = try makeInode(
        .device(device), on: .devices, mode: original.pointee.mode,
        number: original.pointee.number)
      inode.pointee.links = 1
      let dentry = try makeDentry("console", in: console.pointee.dentry.pointee.parent, inode)
      _ = try install(
        makeOpenFile(dentry, .readWrite), in: table, limit: 3, closeOnExec: false)
    }
    return table
  }
}
