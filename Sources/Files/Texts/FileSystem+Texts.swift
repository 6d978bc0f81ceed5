import Arm64
import MemoryTypes
import PageFrames

extension FileSystem {
  /// Reads a procedural file: its text is made when reading begins at 0 and then stays, so that
  /// pieces read one after the other belong together (fs/seq_file.c).
  func readText(
    _ file: KernelPointer<OpenFile>, at position: UInt64, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    let inode = file.pointee.inode
    guard let node = inode.pointee.node else { throw .EINVAL }
    switch inode.pointee.mode.type {
    case .directory: throw .EISDIR
    case .symbolicLink: throw .EINVAL
    default: break
    }
    if position == 0 || !file.pointee.hasText { try makeText(of: file, node) }
    let text = file.pointee.text
    let length = file.pointee.textLength
    return try copyOut(position, count, sink, size: { length }) { (index) throws(Errno) in
      find(index, in: text)
    }
  }

  private func makeText(
    of file: KernelPointer<OpenFile>, _ node: ProceduralNode
  ) throws(Errno) {
    dropText(of: file)
    guard let surroundings else { return }
    // The singleton's own address, for the writer.
    var writer = TextWriter<B>(selfPointer)
    do throws(Errno) {
      try surroundings.text(surroundings.context, node, &writer)
      if writer.hasFailed { throw Errno.ENOMEM }
    } catch {
      writer.discard()
      throw error
    }
    file.pointee.textLength = writer.count
    file.pointee.text = writer.take()
    file.pointee.hasText = true
  }

  func dropText(of file: KernelPointer<OpenFile>) {
    guard file.pointee.hasText else { return }
    file.pointee.hasText = false
    file.pointee.textLength = 0
    var text = file.pointee.text
    freeText(&text)
    file.pointee.text = text
  }

  /// Takes what a program writes to a procedural file: at most a page, in one go
  /// (fs/proc/proc_sysctl.c: proc_sys_call_handler()).
  func store(
    _ node: ProceduralNode, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    guard let surroundings else { throw .EINVAL }
    guard count > 0 else { return 0 }
    var buffer = InlineArray<64, UInt64>(repeating: 0)
    let length = Int(min(count, 512))
    return try buffer.withRoom(length) { (room) throws(Errno) in
      guard try source(room) == length else { throw Errno.EFAULT }
      return try surroundings.store(surroundings.context, node, room.contents)
    }
  }
}
