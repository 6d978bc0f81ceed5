import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Addresses of sockets, as programs write them: `struct sockaddr_un`.
extension SystemCall {
  /// An address of a program's; its family must be AF_UNIX.
  func loadAddress(
    _ place: VirtualAddress, length: UInt32
  ) throws(Errno) -> SocketAddress {
    guard length > 2, length <= 110 else { throw .EINVAL }
    guard try space.pointee.copyIn(UInt16.self, from: place) == 1 else { throw .EINVAL }
    var bytes = InlineArray<108, UInt8>(repeating: 0)
    let count = Int(length) &- 2
    var span = bytes.mutableSpan
    return try unsafe span.withUnsafeMutableBytes { (room) throws(Errno) in
      guard let start = room.baseAddress else { throw .EFAULT }
      try unsafe space.pointee.copyIn(place + ByteCount(2), to: start, count)
      // A path ends at its zero; other names are as long as said.
      var used = count
      if unsafe room[0] != 0 {
        used = 0
        while used < count, unsafe room[used] != 0 { used &+= 1 }
      }
      return unsafe SocketAddress(
        ByteString(UnsafeRawBufferPointer(start: start, count: used)))
    }
  }

  /// Stores an address and its length, cut to the room that there is (move_addr_to_user()).
  ///
  /// Of a socket without a name nothing is stored, or only the family (unix_getname()).
  func storeAddress(
    _ from: SocketAddress, to place: VirtualAddress, length: VirtualAddress,
    hasFamily: Bool = false
  ) throws(Errno) {
    let room = try space.pointee.copyIn(Int32.self, from: length)
    guard room >= 0 else { throw .EINVAL }
    try space.pointee.copyOut(
      Int32(
        try storeAddress(from, to: place, room: Int(room), hasFamily: hasFamily)), to: length)
  }

  /// Stores as much of an address as there is room for; answers its whole length.
  func storeAddress(
    _ from: SocketAddress, to place: VirtualAddress, room: Int, hasFamily: Bool = false
  ) throws(Errno) -> Int {
    guard from.count > 0 || hasFamily else { return 0 }
    let whole = 2 &+ from.count &+ (from.count > 0 && from[0] != 0 ? 1 : 0)
    var index = 0
    while index < min(whole, room) {
      let byte: UInt8 =
        index == 0 ? 1 : index == 1 || index &- 2 >= from.count ? 0 : from[index &- 2]
      try space.pointee.copyOut(byte, to: place + ByteCount(UInt64(index)))
      index &+= 1
    }
    return whole
  }
}
