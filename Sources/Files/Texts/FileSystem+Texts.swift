import Arm64
import MemoryTypes

extension FileSystem {
  /// Reads a procedural file.
  func readText(
    _ file: KernelPointer<OpenFile>, at position: UInt64, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    let inode = file.pointee.inode
    guard let node = inode.pointee.node, let surroundings else { throw .EINVAL }
    switch inode.pointee.mode.type {
    case .directory: throw .EISDIR
    case .symbolicLink: throw .EINVAL
    default: break
    }
    switch surroundings.pointee.texts.style(node) {
    case .records:
      if let version = surroundings.pointee.texts.version(surroundings.pointee.context, node) {
        file.pointee.seenVersion = version
      }
      return try readRecords(file, node, at: position, count, sink)
    case .string: return try readString(node, at: position, count, sink)
    case .numbers:
      guard position == 0 else { return 0 }
      return try readString(node, at: 0, count, sink)
    case .bytes:
      return try surroundings.pointee.texts.read(
        surroundings.pointee.context, node, position, count, sink)
    }
  }

  /// Reads a piece of a short text, which is made anew each time.
  private func readString(
    _ node: ProceduralNode, at position: UInt64, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard let surroundings, count > 0 else { return 0 }
    var buffer = InlineArray<64, UInt64>(repeating: 0)
    return try buffer.withRoom(512) { (room) throws(Errno) in
      // SAFETY: the writer ends before the room does.
      var writer = unsafe TextWriter<B>(selfPointer, room.bytes)
      var index: UInt64 = 0
      _ = try surroundings.pointee.texts.record(surroundings.pointee.context, node, &index, &writer)
      guard position < writer.count else { return 0 }
      let end = min(writer.count, position &+ min(count, 512))
      let taken = try sink(room.contents[Int(position)..<Int(end)])
      if taken == 0 { throw Errno.EFAULT }
      return taken
    }
  }

  /// What a procedural file is ready for: always for everything, and urgently where it says
  /// something else than when it was last read through this (kernfs_generic_poll()).
  func textReadiness(_ file: KernelPointer<OpenFile>, _ node: ProceduralNode) -> Readiness {
    guard let surroundings,
      let version = surroundings.pointee.texts.version(surroundings.pointee.context, node),
      version != file.pointee.seenVersion
    else { return .always }
    return Readiness.always.union([.failed, .urgent])
  }

  /// Takes what a program writes to a procedural file.
  func store(
    _ node: ProceduralNode, at position: UInt64, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    guard let surroundings else { throw .EINVAL }
    return try surroundings.pointee.texts.write(
      surroundings.pointee.context, node, position, count, source)
  }

  /// Moves where a procedural file is read.
  func seekText(
    _ file: KernelPointer<OpenFile>, _ node: ProceduralNode, to offset: Int64, whence: UInt32
  ) throws(Errno) -> UInt64 {
    guard let surroundings else { throw .EINVAL }
    switch surroundings.pointee.texts.style(node) {
    case .records: return try seekRecords(file, node, to: offset, whence: whence)
    case .string, .numbers:
      // The end of what has no size is where it begins (default_llseek()).
      let base: Int64
      switch whence {
      case 0, 2: base = 0
      case 1: base = Int64(bitPattern: file.pointee.position)
      default: throw .EINVAL
      }
      let (target, overflow) = base.addingReportingOverflow(offset)
      guard !overflow, target >= 0 else { throw .EINVAL }
      file.pointee.position = UInt64(target)
      return UInt64(target)
    case .bytes:
      // Any address, also of the upper half (mem_lseek()).
      switch whence {
      case 0: file.pointee.position = UInt64(bitPattern: offset)
      case 1: file.pointee.position &+= UInt64(bitPattern: offset)
      default: throw .EINVAL
      }
      return file.pointee.position
    }
  }
}
