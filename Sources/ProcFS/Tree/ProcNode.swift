import Files

/// A node of `/proc` or `/sys`, as Files carries it: what it is, of which task, and for what is
/// numbered (descriptors, settings, attributes) its number.
///
/// ```
/// bits  0–7    NodeKind
/// bits  8–23   number
/// bits 44–63   task number
/// ```
///
/// A link of `map_files` has the page number of its mapping's start in bits 8–43: addresses have 52
/// bits at most with pages of 64K, 48 with smaller ones.
struct ProcNode: BitwiseCopyable, Hashable {
  var kind: NodeKind
  var pid: UInt32 = 0
  var number: UInt16 = 0
  /// The page that a mapping begins at.
  var page: UInt64 = 0

  init(_ kind: NodeKind, pid: UInt32 = 0, number: UInt16 = 0) {
    self.kind = kind
    self.pid = pid
    self.number = number
  }

  /// A link of `map_files`.
  init(mappingAt page: UInt64, pid: UInt32) {
    kind = .mappedFile
    self.pid = pid
    self.page = page
  }

  init?(_ node: ProceduralNode) {
    guard let kind = NodeKind(rawValue: UInt8(truncatingIfNeeded: node.rawValue)) else {
      return nil
    }
    self.kind = kind
    pid = UInt32(truncatingIfNeeded: node.rawValue &>> 44)
    if kind == .mappedFile {
      page = node.rawValue &>> 8 & 0xF_FFFF_FFFF
    } else {
      number = UInt16(truncatingIfNeeded: node.rawValue &>> 8)
    }
  }

  var node: ProceduralNode {
    ProceduralNode(UInt64(kind.rawValue) | (page | UInt64(number)) &<< 8 | UInt64(pid) &<< 44)
  }

  /// The inode's number: those of a process apart from all others, as Linux's are high.
  var inodeNumber: UInt64 {
    pid == 0
      ? 0xF000_0000 &+ UInt64(kind.rawValue) &<< 12 &+ UInt64(number)
      : UInt64(pid) &<< 32 | (page | UInt64(number)) &<< 8 | UInt64(kind.rawValue)
  }
}
