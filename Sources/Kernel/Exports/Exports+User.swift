import AddressSpaces
import KernelAssembly
import MemoryTypes
import Tasks

// Copies from and to programs (include/linux/uaccess.h): what was not copied is counted. They go
// through the address space of the task that the kernel works for.

extension Exports {
  fileprivate static var space: KernelPointer<AddressSpace<VirtBoard>>? {
    guard unsafe kernel_variables().pointee.state != 0 else { return nil }
    return Kernel.state.current.pointee.memory.space
  }

  /// Does a copy page by page, and answers the bytes that are left when one fails.
  fileprivate static func copy(
    _ user: UInt, _ length: UInt,
    _ piece: (KernelPointer<AddressSpace<VirtBoard>>, _ offset: Int, _ count: Int) throws(Errno)
      -> Void
  ) -> UInt {
    guard let space else { return length }
    let page = UInt(VirtBoard().pageSize.bytes.rawValue)
    var done: UInt = 0
    while done < length {
      let here = user &+ done
      let count = min(length &- done, page &- here & (page &- 1))
      do throws(Errno) {
        try piece(space, Int(done), Int(count))
      } catch {
        return length &- done
      }
      done &+= count
    }
    return 0
  }
}

@_cdecl("__arch_copy_to_user")
func copyToUser(_ user: UInt, _ from: UnsafeRawPointer, _ length: UInt) -> UInt {
  Exports.copy(user, length) { (space, offset, count) throws(Errno) in
    try unsafe space.pointee.copyOut(
      from + offset, to: VirtualAddress(UInt64(user &+ UInt(offset))), count)
  }
}

@_cdecl("__arch_copy_from_user")
func copyFromUser(_ to: UnsafeMutableRawPointer, _ user: UInt, _ length: UInt) -> UInt {
  Exports.copy(user, length) { (space, offset, count) throws(Errno) in
    try unsafe space.pointee.copyIn(
      VirtualAddress(UInt64(user &+ UInt(offset))), to: to + offset, count)
  }
}

@_cdecl("clear_user")
func clearUser(_ user: UInt, _ length: UInt) -> UInt {
  Exports.copy(user, length) { (space, offset, count) throws(Errno) in
    try space.pointee.clearOut(
      VirtualAddress(UInt64(user &+ UInt(offset))), count)
  }
}

/// A program's text with its zero, in at most so many bytes; its length without the zero, as many
/// as there was room for, or EFAULT, negative.
@_cdecl("strncpy_from_user")
@inline(__always)
func strncpyFromUser(_ to: UnsafeMutablePointer<UInt8>, _ user: UInt, _ room: Int) -> Int {
  guard room > 0 else { return 0 }
  guard let space = Exports.space else { return -14 }
  #if KASAN
  // As lib/strncpy_from_user.c does; what was reported is not done.
  guard kasan_check_here(UInt64(UInt(bitPattern: to)), UInt64(room), true) else {
    return -14
  }
  #endif
  var count = 0
  while count < room {
    do throws(Errno) {
      let byte = try space.pointee.copyIn(
        UInt8.self, from: VirtualAddress(UInt64(user &+ UInt(count))))
      unsafe to[count] = byte
      if byte == 0 { return count }
    } catch {
      return -14
    }
    count &+= 1
  }
  return count
}

/// Anonymous memory for the program, read and write, anywhere; an error number, negative.
@_cdecl("kilburn_map_user")
func mapUser(_ length: UInt) -> Int {
  guard let space = Exports.space else { return -12 }
  do throws(Errno) {
    let address = try space.pointee.map(
      MappingRequest(
        address: VirtualAddress(0), length: ByteCount(UInt64(length)),
        protection: [.read, .write, .execute], flags: [.private, .anonymous]))
    return Int(bitPattern: UInt(address.rawValue))
  } catch {
    return -Int(error.rawValue)
  }
}

@_cdecl("vm_munmap")
func unmapUser(_ address: UInt, _ length: UInt) -> Int32 {
  guard let space = Exports.space else { return -22 }
  do throws(Errno) {
    try space.pointee.unmap(VirtualAddress(UInt64(address)), ByteCount(UInt64(length)))
    return 0
  } catch {
    return -Int32(error.rawValue)
  }
}

/// The task that the kernel works for, as modules see it: pid, tgid, comm.
@_cdecl("get_current")
func getCurrent() -> UnsafeMutableRawPointer {
  let place = unsafe UnsafeMutableRawPointer(module_variables()) + 56
  guard unsafe kernel_variables().pointee.state != 0 else { return unsafe place }
  let task = Kernel.state.current
  unsafe place.storeBytes(of: task.pointee.pid, as: Int32.self)
  unsafe place.storeBytes(of: task.pointee.threadGroup, toByteOffset: 4, as: Int32.self)
  for index in 0..<16 {
    let byte = index < task.pointee.name.count ? task.pointee.name.bytes[index] : 0
    unsafe place.storeBytes(of: byte, toByteOffset: 8 &+ index, as: UInt8.self)
  }
  return unsafe place
}
