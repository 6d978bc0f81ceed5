import Files

/// A node of `/proc` or `/sys`, as Files carries it: what it is, of which process, and for a
/// descriptor its number.
///
/// ```
/// bits  0–15   NodeKind
/// bits 16–47   process number
/// bits 48–63   descriptor number
/// ```
struct ProcNode: BitwiseCopyable, Hashable {
  var kind: NodeKind
  var pid: UInt32 = 0
  var descriptor: UInt16 = 0

  init(_ kind: NodeKind, pid: UInt32 = 0, descriptor: UInt16 = 0) {
    self.kind = kind
    self.pid = pid
    self.descriptor = descriptor
  }

  init?(_ node: ProceduralNode) {
    guard let kind = NodeKind(rawValue: UInt16(truncatingIfNeeded: node.rawValue)) else {
      return nil
    }
    self.kind = kind
    pid = UInt32(truncatingIfNeeded: node.rawValue &>> 16)
    descriptor = UInt16(truncatingIfNeeded: node.rawValue &>> 48)
  }

  var node: ProceduralNode {
    ProceduralNode(
      UInt64(kind.rawValue) | UInt64(pid) &<< 16 | UInt64(descriptor) &<< 48)
  }

  /// The inode's number: those of a process apart from all others, as Linux's are high.
  var inodeNumber: UInt64 {
    pid == 0
      ? 0xF000_0000 &+ UInt64(kind.rawValue)
      : UInt64(pid) &<< 24 | UInt64(descriptor) &<< 12 | UInt64(kind.rawValue)
  }

  var entry: ProceduralEntry {
    ProceduralEntry(node: node, mode: kind.mode, inodeNumber: inodeNumber)
  }
}
