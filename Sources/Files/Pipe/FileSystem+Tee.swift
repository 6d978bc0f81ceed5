import Arm64
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// Lets a pipe have what is in another too, at most `count` bytes: both refer to the same pages
  /// (fs/splice.c: link_pipe()).
  ///
  /// EAGAIN where the one is empty and may still be written to, or the other full.
  public func tee(
    _ input: KernelPointer<OpenFile>, _ output: KernelPointer<OpenFile>, _ count: UInt64
  ) throws(Errno) -> Int {
    guard let source = pipe(of: input.pointee.inode), let target = pipe(of: output.pointee.inode)
    else { throw .EINVAL }
    guard target.pointee.readers > 0 else { throw .EPIPE }
    if source.pointee.isEmpty {
      if source.pointee.writers == 0 { return 0 }
      throw .EAGAIN
    }
    guard !target.pointee.isFull else { throw .EAGAIN }
    let wasEmpty = target.pointee.isEmpty
    var index = source.pointee.tail
    var done: UInt64 = 0
    while index != source.pointee.head, !target.pointee.isFull, done < count {
      // Neither may add to the page any more: the other would see it.
      unsafe source.slot(index).pointee.mayGrow = false
      var buffer = unsafe source.slot(index).pointee
      buffer.length = UInt32(min(UInt64(buffer.length), count &- done))
      frames.pointee.frame(buffer.frame).pointee.referenceCount &+= 1
      unsafe target.slot(target.pointee.head).pointee = buffer
      target.pointee.head &+= 1
      done &+= UInt64(buffer.length)
      index &+= 1
    }
    if wasEmpty || output.pointee.inode.pointee.watches != nil {
      happened(to: output.pointee.inode, [.input, .normalInput])
    }
    return Int(done)
  }
}
