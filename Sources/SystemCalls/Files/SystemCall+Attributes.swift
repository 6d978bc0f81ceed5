import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Extended attributes (fs/xattr.c): no file system here keeps any, as on a kernel whose tmpfs is
/// configured without. What is asked for is checked all the same, in Linux's order.
extension SystemCall {
  /// Where the file is named.
  enum AttributePlace {
    case path, link, descriptor
  }

  /// Finds the file, and says whether users may have attributes there: on files and folders alone.
  ///
  /// The errors of paths and descriptors come before all others.
  private func find(_ place: AttributePlace) throws(Errno) -> Bool {
    func isForUsers(_ dentry: KernelPointer<Dentry>) -> Bool {
      dentry.pointee.inode.pointee.isDirectory || dentry.pointee.inode.pointee.isRegular
    }
    if place == .descriptor { return isForUsers(try file(0).pointee.dentry) }
    return try withPath(0, mayBeEmpty: false) { (path) throws(Errno) in
      let options: LookupOptions = place == .link ? .noFollow : []
      let dentry = try files.pointee.resolve(
        path, from: base(of: Self.currentFolderMark, path), options)
      defer { files.pointee.release(dentry) }
      return isForUsers(dentry)
    }
  }

  /// Checks the name, 1 to 255 bytes, and says whether it is one of users.
  private func isUserName() throws(Errno) -> Bool {
    let prefix: InlineArray<5, UInt8> = [0x75, 0x73, 0x65, 0x72, 0x2e]
    var length: UInt64 = 0
    var matching = 0
    while true {
      let byte = try space.pointee.copyIn(UInt8.self, from: address(1) + ByteCount(length))
      if byte == 0 { break }
      if length == UInt64(matching), matching < 5, byte == prefix[matching] { matching &+= 1 }
      length &+= 1
      guard length <= 255 else { throw .ERANGE }
    }
    guard length > 0 else { throw .ERANGE }
    return matching == 5
  }

  /// setxattr(path, name, value, size, flags) and its like.
  func setAttribute(_ place: AttributePlace) throws(Errno) -> UInt64 {
    let isForUsers = try find(place)
    guard word(4) & ~3 == 0 else { throw .EINVAL }
    let isUsers = try isUserName()
    guard argument(3) <= 65536 else { throw .E2BIG }
    if argument(3) > 0 {
      _ = try space.pointee.copyIn(UInt8.self, from: address(2))
      _ = try space.pointee.copyIn(UInt8.self, from: address(2) + ByteCount(argument(3) &- 1))
    }
    // xattr_permission().
    throw isUsers && !isForUsers ? .EPERM : .EOPNOTSUPP
  }

  /// getxattr(path, name, value, size), removexattr(path, name) and their like.
  func attribute(_ place: AttributePlace, removes: Bool) throws(Errno) -> UInt64 {
    let isForUsers = try find(place)
    guard try isUserName(), !isForUsers else { throw .EOPNOTSUPP }
    throw removes ? .EPERM : .ENODATA
  }

  /// listxattr(path, list, size) and its like: none.
  func listAttributes(_ place: AttributePlace) throws(Errno) -> UInt64 {
    _ = try find(place)
    return 0
  }
}
