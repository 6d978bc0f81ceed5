import Arm64
public import Files
public import MemoryTypes
public import Tasks

/// Control groups that the machine begins with.
extension ProcFS {
  /// Makes the groups that the tool asked for and writes what it says to their files; answers the
  /// group that the first program starts in, nil for the top.
  ///
  /// The bytes are the program's group, then group, file and value of each setting, each text with a
  /// zero behind it (`BoardHeader.controlGroups`).
  public func setUpControlGroups(
    _ bytes: ByteString
  ) throws(Errno) -> KernelPointer<ControlGroup>? {
    var rest = bytes
    let program = rest.takeText()
    while !rest.isEmpty {
      let path = rest.takeText()
      let file = rest.takeText()
      let value = rest.takeText()
      let group = try makeControlGroups(path)
      if !file.isEmpty { try storeControl(value, named: file, of: group) }
    }
    return program.isEmpty ? nil : try makeControlGroups(program)
  }

  /// The group at a path from the top, made with all above it that is missing; what is above shares
  /// memory out.
  private func makeControlGroups(
    _ path: ByteString
  ) throws(Errno) -> KernelPointer<ControlGroup> {
    var group = try kernel.topControlGroup()
    var start = 0
    while start < path.count {
      var end = start
      while end < path.count, path[end] != 0x2F { end &+= 1 }
      let name = path[start..<end]
      try kernel.setSharesMemory(true, group)
      if group.child(name) == nil { try kernel.makeControlGroup(name, below: group) }
      guard let child = group.child(name) else { throw .ENOENT }
      group = child
      start = end &+ 1
    }
    return group
  }
}

extension ByteString {
  /// Takes the bytes up to a zero, and the zero.
  fileprivate mutating func takeText() -> ByteString {
    let end = firstIndex(of: 0) ?? count
    let text = self[0..<end]
    self = self[Swift.min(end &+ 1, count)..<count]
    return text
  }
}
