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
/// Of a control group: bits 8–15 its file, 16–31 its slot, 32–63 its serial number.
///
/// A link of `map_files` has the page number of its mapping's start in bits 8–43: addresses have 52
/// bits at most with pages of 64K, 48 with smaller ones.
struct ProcNode: BitwiseCopyable, Hashable {
  var kind: NodeKind
  var pid: UInt32 = 0
  var number: UInt16 = 0
  /// The page that a mapping begins at.
  var page: UInt64 = 0
  /// Which file of a control group, which is named by `number` and, as `pid`, its serial number.
  var file: UInt8 = 0

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

  /// A control group's folder or file.
  init(_ kind: NodeKind, slot: UInt16, serial: UInt32, file: UInt8) {
    self.kind = kind
    number = slot
    pid = serial
    self.file = file
  }

  init?(_ node: ProceduralNode) {
    guard let kind = NodeKind(rawValue: UInt8(truncatingIfNeeded: node.rawValue)) else {
      return nil
    }
    self.kind = kind
    if kind.isOfControlGroup {
      file = UInt8(truncatingIfNeeded: node.rawValue &>> 8)
      number = UInt16(truncatingIfNeeded: node.rawValue &>> 16)
      pid = UInt32(truncatingIfNeeded: node.rawValue &>> 32)
      return
    }
    pid = UInt32(truncatingIfNeeded: node.rawValue &>> 44)
    if kind == .mappedFile {
      page = node.rawValue &>> 8 & 0xF_FFFF_FFFF
    } else {
      number = UInt16(truncatingIfNeeded: node.rawValue &>> 8)
    }
  }

  var node: ProceduralNode {
    if kind.isOfControlGroup {
      return ProceduralNode(
        UInt64(kind.rawValue) | UInt64(file) &<< 8 | UInt64(number) &<< 16 | UInt64(pid) &<< 32)
    }
    return ProceduralNode(
      UInt64(kind.rawValue) | (page | UInt64(number)) &<< 8 | UInt64(pid) &<< 44)
  }

  /// The inode's number: those of a process apart from all others, as Linux's are high.
  var inodeNumber: UInt64 {
    // The top of the tree is 1, as every file system's.
    if kind.isOfControlGroup { return UInt64(pid &- 1) &* 64 &+ UInt64(file) &+ 1 }
    return pid == 0
      ? 0xF000_0000 &+ UInt64(kind.rawValue) &<< 12 &+ UInt64(number)
      : UInt64(pid) &<< 32 | (page | UInt64(number)) &<< 8 | UInt64(kind.rawValue)
  }
}
