import Arm64
public import Files
public import MemoryTypes
import PageFrames

/// A file being executed: opened, with its first bytes and, for an ELF, its program headers read.
@safe struct ProgramFile<B: Processor> {
  let kernel: KernelState<B>
  let file: KernelPointer<OpenFile>
  /// A frame of the kernel's: first the probed bytes, later the program headers.
  let buffer: UnsafeMutableRawPointer
  let frame: PageFrameNumber
  private(set) var tableLength = 0
  private var isCompat = false

  /// Opens a file to execute (fs/exec.c:do_open_execat()): regular, and executable by somebody.
  init(
    _ kernel: KernelState<B>, _ path: ByteString, at place: ProgramPlace? = nil
  ) throws(Errno) {
    let files = kernel.files
    let base = kernel.current.pointee.folders?.pointee.workingDirectory ?? files.pointee.root
    let dentry =
      if let place {
        try files.pointee.resolve(place.path, from: place.base, place.options)
      } else {
        try files.pointee.resolve(path, from: base)
      }
    let inode = dentry.pointee.inode
    guard !inode.pointee.isSymbolicLink else {
      files.pointee.release(dentry)
      throw .ELOOP
    }
    guard inode.pointee.isRegular, inode.pointee.mode.permissions & 0o111 != 0,
      !files.pointee.forbidsExecution(of: inode)
    else {
      files.pointee.release(dentry)
      throw .EACCES
    }
    let opened = try files.pointee.open(dentry, [])
    do throws(Errno) {
      try files.pointee.forbidWriting(to: opened)
    } catch {
      files.pointee.release(opened)
      throw error
    }
    guard let frame = kernel.frames.pointee.allocate(.kernel) else {
      files.pointee.release(opened)
      throw .ENOMEM
    }
    self.kernel = kernel
    file = opened
    self.frame = frame
    unsafe buffer = kernel.board.pointer(to: kernel.frames.pointee.address(of: frame))
  }

  /// Gives back the buffer; the open file stays the caller's.
  func releaseBuffer() { kernel.frames.pointee.free(frame) }

  /// Gives back everything.
  func close() {
    releaseBuffer()
    // What is still mapped of a loader may be written to.
    kernel.files.pointee.allowWriting(to: file)
    kernel.files.pointee.release(file)
  }

  /// The bytes that decide what the file is, zeros behind a short one (prepare_binprm()).
  func probe() throws(Errno) {
    let length = ELFHeader.probeLength
    unsafe UnsafeMutableRawBufferPointer(start: buffer, count: length).initializeMemory(
      as: UInt8.self, repeating: 0)
    _ = try unsafe read(at: 0, to: buffer, length)
  }

  /// The bytes in the buffer.
  func withBytes<T>(_ count: Int, _ body: (RawSpan) throws(Errno) -> T) throws(Errno) -> T {
    // SAFETY: the frame is this file's, and at least a page long.
    try unsafe body(
      RawSpan(_unsafeStart: UnsafeRawPointer(buffer), byteCount: count))
  }

  /// Reads the program header table into the buffer; false where Linux finds none it can read.
  mutating func readTable(_ header: ELFHeader) throws(Errno) -> Bool {
    guard let length = header.tableLength(kernel.board.pageSize) else { return false }
    tableLength = Int(length.rawValue)
    isCompat = header.isCompat
    let count: Int
    do {
      count = try unsafe read(at: header.tableOffset, to: buffer, tableLength)
    } catch { return false }
    return count == tableLength
  }

  /// A program header of the table that was read.
  func programHeader(_ index: Int) throws(Errno) -> ProgramHeader {
    try withBytes(tableLength) { (bytes) throws(Errno) in
      ProgramHeader(index, of: bytes, isCompat: isCompat)
    }
  }

  /// Copies bytes of the file; how many there were.
  func read(at offset: UInt64, to target: UnsafeMutableRawPointer, _ count: Int) throws(Errno)
    -> Int
  {
    try unsafe kernel.files.pointee.read(
      file, at: offset, into: ByteRoom(target, count: count))
  }
}

/// Where execveat looks for a program, if not where its name says.
public struct ProgramPlace {
  var base: KernelPointer<Dentry>
  var path: ByteString
  var options: LookupOptions
  /// Whether the descriptor is closed by the exec: an interpreter could not open its script
  /// (BINPRM_FLAGS_PATH_INACCESSIBLE).
  var isInaccessible: Bool

  /// A place below an open folder, or an open file itself.
  public init(
    from base: KernelPointer<Dentry>, _ path: ByteString, _ options: LookupOptions,
    isInaccessible: Bool
  ) {
    self.base = base
    self.path = path
    self.options = options
    self.isInaccessible = isInaccessible
  }
}
