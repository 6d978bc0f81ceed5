import AddressSpaces
import Arm64
import KernelLayout
import MemoryTypes

/// Where exec takes argument and environment strings from.
///
/// `execve` names two arrays of pointers in the old address space, each ended by a null pointer;
/// the first program's strings lie one after the other in the kernel's memory.
@safe enum ArgumentSource<B: Processor> {
  case user(KernelPointer<AddressSpace<B>>, arguments: VirtualAddress, environment: VirtualAddress)
  case kernel(UnsafeRawBufferPointer, arguments: Int, environment: Int)

  /// Which of the two lists.
  enum List { case arguments, environment }

  /// More strings than this have no room for their pointers on any stack (fs/exec.c:
  /// bprm_stack_limits()).
  ///
  /// Linux counts on, to MAX_ARG_STRINGS, and then says so.
  static var maximumCount: Int { ArgumentStack<B>.greatestLimit / 8 }

  /// The number of strings in a list.
  func count(_ list: List) throws(Errno) -> Int {
    switch self {
    case .kernel(_, let arguments, let environment):
      return list == .arguments ? arguments : environment
    case .user(let space, let arguments, let environment):
      let array = list == .arguments ? arguments : environment
      // fs/exec.c:count(): a null array has none.
      guard array.rawValue != 0 else { return 0 }
      var count = 0
      while true {
        if try Self.pointer(count, of: array, space) == 0 { return count }
        if count == Self.maximumCount { throw .E2BIG }
        count &+= 1
      }
    }
  }

  /// An entry of an array of pointers; those of a 32-bit program have four bytes
  /// (fs/exec.c:get_user_arg_ptr()).
  private static func pointer(
    _ index: Int, of array: VirtualAddress, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> UInt64 {
    if space.pointee.user.isCompat {
      let entry = array + ByteCount(UInt64(index) &* 4)
      return UInt64(try space.pointee.copyIn(UInt32.self, from: entry))
    }
    return try space.pointee.copyIn(
      UInt64.self, from: array + ByteCount(UInt64(index) &* 8))
  }

  /// A string's place: an address of user space, or an offset into the kernel's bytes.
  func place(_ list: List, _ index: Int) throws(Errno) -> UInt64 {
    switch self {
    case .user(let space, let arguments, let environment):
      let array = list == .arguments ? arguments : environment
      return try Self.pointer(index, of: array, space)
    case .kernel(let bytes, let arguments, _):
      var skip = (list == .arguments ? 0 : arguments) &+ index
      // The path to execute comes first.
      skip &+= 1
      var at = 0
      while skip > 0 {
        guard at < bytes.count else { throw .EFAULT }
        if unsafe bytes[at] == 0 { skip &-= 1 }
        at &+= 1
      }
      return UInt64(at)
    }
  }

  /// Copies at most `limit` bytes of a string from `offset` on, with its terminating zero if that
  /// is among them; the number of bytes before the zero, and whether it was reached.
  func copy(
    _ place: UInt64, offset: Int, to buffer: UnsafeMutableRawPointer, limit: Int
  ) throws(Errno) -> (count: Int, ended: Bool) {
    switch self {
    case .user(let space, _, _):
      let from = VirtualAddress(place &+ UInt64(offset))
      do {
        return (try unsafe space.pointee.copyStringIn(from, to: buffer, limit: limit), true)
      } catch {
        guard error == .ENAMETOOLONG else { throw error }
        return (limit, false)
      }
    case .kernel(let bytes, _, _):
      var count = 0
      let start = Int(place) &+ offset
      while count < limit {
        guard start &+ count < bytes.count else { throw .EFAULT }
        let byte = unsafe bytes[start &+ count]
        unsafe buffer.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        if byte == 0 { return (count, true) }
        count &+= 1
      }
      return (limit, false)
    }
  }
}
