import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames

/// What an exec reads of its files before it gives up the old program (load_elf_binary()).
extension KernelState {
  /// What is read of a program before its predecessor is given up.
  struct PreparedProgram {
    var interpreter: ProgramFile<B>?
    var interpreterHeader: ELFHeader?
    var hasExecutableStack: Bool
  }

  /// Reads what the program headers point at: the interpreter, the stack's kind, properties.
  func prepare(
    _ file: ProgramFile<B>, _ header: ELFHeader
  ) throws(Errno) -> PreparedProgram {
    // EXSTACK_DEFAULT: without PT_GNU_STACK, arm64 gives the stack no execution
    // (VM_DATA_DEFAULT_FLAGS; READ_IMPLIES_EXEC is for 32-bit programs).
    var prepared = PreparedProgram(hasExecutableStack: false)
    var properties: ProgramHeader?
    do throws(Errno) {
      for index in 0..<Int(header.entryCount) {
        let entry = try file.programHeader(index)
        if entry.type == .gnuProperty { properties = entry }
        if entry.type == .interpreter && prepared.interpreter == nil {
          prepared.interpreter = try openInterpreter(entry, file)
          break
        }
      }
      for index in 0..<Int(header.entryCount) {
        let entry = try file.programHeader(index)
        if entry.type == .gnuStack { prepared.hasExecutableStack = entry.flags.contains(.execute) }
      }
      if var interpreter = prepared.interpreter {
        let (interpreterHeader, found) = try readInterpreter(&interpreter)
        prepared.interpreter = interpreter
        prepared.interpreterHeader = interpreterHeader
        // A loader of the other kind is none (elf_check_arch() of the format that is at it).
        guard interpreterHeader.isCompat == header.isCompat else { throw .ELIBBAD }
        if let found, !header.isCompat { try check(found, interpreter) }
      } else if let properties, !header.isCompat {
        try check(properties, file)
      }
    } catch {
      prepared.interpreter?.close()
      throw error
    }
    return prepared
  }

  /// Opens the file that PT_INTERP names.
  private func openInterpreter(
    _ entry: ProgramHeader, _ file: ProgramFile<B>
  ) throws(Errno) -> ProgramFile<B> {
    guard entry.fileSize >= 2, entry.fileSize <= 4096 else { throw .ENOEXEC }
    let count = Int(entry.fileSize)
    guard let frame = frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    defer { frames.pointee.free(frame) }
    let buffer = unsafe board.pointer(to: frames.pointee.address(of: frame))
    guard entry.offset &>> 63 == 0 else { throw .EINVAL }
    guard try unsafe file.read(at: entry.offset, to: buffer, count) == count else { throw .EIO }
    guard unsafe buffer.load(fromByteOffset: count &- 1, as: UInt8.self) == 0 else {
      throw .ENOEXEC
    }
    var length = 0
    while unsafe buffer.load(fromByteOffset: length, as: UInt8.self) != 0 { length &+= 1 }
    return try ProgramFile(
      self, unsafe ByteString(UnsafeRawBufferPointer(start: buffer, count: length)))
  }

  /// Reads the interpreter's headers; its ELF header and its property note.
  private func readInterpreter(
    _ file: inout ProgramFile<B>
  ) throws(Errno) -> (ELFHeader, ProgramHeader?) {
    guard
      try unsafe file.read(at: 0, to: file.buffer, ELFHeader.length) == ELFHeader.length
    else { throw .EIO }
    let header: ELFHeader
    do {
      header = try file.withBytes(ELFHeader.length) { (bytes) throws(Errno) in
        try ELFHeader(bytes)
      }
    } catch { throw .ELIBBAD }
    guard try file.readTable(header) else { throw .ELIBBAD }
    var properties: ProgramHeader?
    for index in 0..<Int(header.entryCount) {
      let entry = try file.programHeader(index)
      if entry.type == .gnuProperty { properties = entry }
    }
    return (header, properties)
  }

  /// Reads and checks a property note.
  private func check(_ entry: ProgramHeader, _ file: ProgramFile<B>) throws(Errno) {
    guard entry.fileSize <= UInt64(GNUProperty.maximumLength) else { throw .ENOEXEC }
    guard let frame = frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    defer { frames.pointee.free(frame) }
    let buffer = unsafe board.pointer(to: frames.pointee.address(of: frame))
    guard entry.offset &>> 63 == 0 else { throw .EIO }
    let count = try unsafe file.read(at: entry.offset, to: buffer, Int(entry.fileSize))
    try GNUProperty.check(
      unsafe RawSpan(_unsafeStart: UnsafeRawPointer(buffer), byteCount: count),
      declared: entry.fileSize)
  }
}
