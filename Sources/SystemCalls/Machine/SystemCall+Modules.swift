import AddressSpaces
import Arm64
import Files
import KernelHeap
import MemoryTypes
import Tasks

/// Loadable modules (kernel/module/main.c).
extension SystemCall {
  private var mayLoadModules: Bool { task.pointee.capabilities.has(Capabilities.modules) }

  /// init_module(image, length, parameters), finit_module(descriptor, parameters, flags).
  func loadModule(isOpen: Bool) throws(Errno) -> UInt64 {
    guard mayLoadModules else { throw .EPERM }
    guard isOpen else {
      // As copy_module_from_user(): shorter than an ELF header.
      guard argument(1) >= 64 else { throw .ENOEXEC }
      return try unsafe load(argument(1), parameters: address(2), ignoresVersion: false) {
        (bytes) throws(Errno) in
        guard let base = bytes.baseAddress else { throw .ENOMEM }
        try unsafe space.pointee.copyIn(address(0), to: base, bytes.count)
      }
    }
    // MODULE_INIT_IGNORE_MODVERSIONS, _IGNORE_VERMAGIC; a compressed file is more than we read.
    guard word(2) & ~7 == 0 else { throw .EINVAL }
    let file = try file(0)
    guard file.pointee.flags.mayRead else { throw .EBADF }
    guard file.pointee.inode.pointee.isRegular, file.pointee.inode.pointee.size > 0 else {
      throw .EINVAL
    }
    guard word(2) & 4 == 0 else { throw .EOPNOTSUPP }
    let size = file.pointee.inode.pointee.size
    return try unsafe load(size, parameters: address(1), ignoresVersion: word(2) & 2 != 0) {
      (bytes) throws(Errno) in
      var done = 0
      while done < bytes.count {
        guard let base = bytes.baseAddress else { throw .ENOMEM }
        let room = unsafe ByteRoom(base + done, count: bytes.count &- done)
        let count = try files.pointee.read(file, at: UInt64(done), into: room)
        guard count > 0 else { throw .EIO }
        done &+= count
      }
    }
  }

  /// Loads a file of so many bytes, which `fill` copies into memory of the kernel's.
  private func load(
    _ length: UInt64, parameters: VirtualAddress, ignoresVersion: Bool,
    _ fill: (UnsafeMutableRawBufferPointer) throws(Errno) -> Void
  ) throws(Errno) -> UInt64 {
    guard let door = kernel.store.pointee.modules else { throw .ENOSYS }
    let vmalloc = kernel.vmalloc
    guard length <= 64 << 20,
      let copy = vmalloc.pointee.allocate(ByteCount(length), caller: "load_module")
    else { throw .ENOMEM }
    defer { _ = vmalloc.pointee.free(copy) }
    // SAFETY: the area is mapped, and nobody else's, until it is freed.
    let bytes = unsafe UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: UInt(copy.rawValue)), count: Int(length))
    try unsafe fill(bytes)
    guard let text = vmalloc.pointee.allocate(.kibibytes(4), caller: "load_module"),
      let words = unsafe UnsafeMutableRawPointer(bitPattern: UInt(text.rawValue))
    else { throw .ENOMEM }
    defer { _ = vmalloc.pointee.free(text) }
    let count = try unsafe space.pointee.copyStringIn(parameters, to: words, limit: 4096)
    let result = unsafe door.load(
      bytes, ByteString(UnsafeRawBufferPointer(start: words, count: count)), ignoresVersion)
    return try finish(result)
  }

  /// delete_module(name, flags).
  func removeModule() throws(Errno) -> UInt64 {
    guard mayLoadModules else { throw .EPERM }
    guard let door = kernel.store.pointee.modules else { throw .ENOSYS }
    var name = InlineArray<56, UInt8>(repeating: 0)
    var count = 0
    while count < 55 {
      let byte = try space.pointee.copyIn(UInt8.self, from: address(0) + ByteCount(UInt64(count)))
      if byte == 0 { break }
      name[count] = byte
      count &+= 1
    }
    let span = name.span
    let result = unsafe span.withUnsafeBytes { bytes in
      unsafe door.unload(ByteString(UnsafeRawBufferPointer(rebasing: bytes[..<count])))
    }
    return try finish(result)
  }

  /// The call's result; who called a module that died dies, too (`make_task_dead(SIGSEGV)`).
  private func finish(_ result: Int64) throws(Errno) -> UInt64 {
    if result == ModuleDoor.died { kernel.end(.signalled(.segmentationViolation)) }
    return UInt64(bitPattern: result)
  }
}
