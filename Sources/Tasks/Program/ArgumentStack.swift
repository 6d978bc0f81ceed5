import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes
import PageFrames

/// The strings at the top of a new stack, while exec pushes them (`bprm->p` and its limits).
///
/// ```
/// STACK_TOP - 8      eight zero bytes
///                    the path of the program (AT_EXECFN)
///                    environment strings, the last one highest
///                    argument strings, the last one highest
/// pointer →
/// ```
@safe struct ArgumentStack<B: Processor> {
  let space: KernelPointer<AddressSpace<B>>
  /// A page of the kernel's to copy through.
  let bounce: UnsafeMutableRawPointer
  let bounceLength: Int

  /// The lowest byte pushed.
  private(set) var pointer: VirtualAddress
  /// How far it may go down.
  var floor = VirtualAddress(0)
  var argumentCount = 0
  var environmentCount = 0
  /// AT_EXECFN.
  var programName = VirtualAddress(0)
  /// The length of the first argument with its zero, for scripts, which replace it.
  private var firstArgumentLength = 0

  init(
    space: KernelPointer<AddressSpace<B>>, top: VirtualAddress,
    bounce: UnsafeMutableRawPointer, bounceLength: Int
  ) {
    self.space = space
    unsafe self.bounce = bounce
    self.bounceLength = bounceLength
    pointer = top - ByteCount(8)
  }

  /// The most that strings and pointers take, whatever the stack's limit: three quarters of
  /// _STK_LIM, which is 8M.
  static var greatestLimit: Int { 6 << 20 }

  /// The longest string (MAX_ARG_STRLEN, 32 pages), its zero included.
  var maximumString: Int { 32 &* bounceLength }

  /// Sets how much the strings may take (fs/exec.c:bprm_stack_limits()).
  mutating func setLimit(stackLimit: UInt64) throws(Errno) {
    // A quarter of the stack's limit, at least ARG_MAX (128K).
    let limit = max(min(UInt64(Self.greatestLimit), stackLimit / 4), 131_072)
    let pointers = UInt64(max(argumentCount, 1) &+ environmentCount) &* 8
    guard limit > pointers else { throw .E2BIG }
    floor = pointer - ByteCount(limit &- pointers)
  }

  /// Pushes all strings of a list, last one first.
  mutating func push(
    _ list: ArgumentSource<B>.List, of source: ArgumentSource<B>, count: Int
  ) throws(Errno) {
    var index = count
    while index > 0 {
      index &-= 1
      let length = try push(source, source.place(list, index))
      if list == .arguments && index == 0 { firstArgumentLength = length }
    }
  }

  /// Pushes one string; its length with the zero.
  private mutating func push(
    _ source: ArgumentSource<B>, _ place: UInt64
  ) throws(Errno) -> Int {
    // The length first: the copy goes below what is there. Most strings fit the bounce page.
    var length = 0
    while true {
      let (count, ended) = try unsafe source.copy(
        place, offset: length, to: bounce, limit: bounceLength)
      length &+= count
      if ended { break }
      guard length < maximumString else { throw .E2BIG }
    }
    length &+= 1
    guard length <= maximumString else { throw .E2BIG }
    let start = pointer - ByteCount(UInt64(length))
    guard start >= floor && start < pointer else { throw .E2BIG }
    if length <= bounceLength {
      // One page holds it, and it is there already.
      try unsafe space.pointee.copyOut(bounce, to: start, length)
    } else {
      var done = 0
      while done < length {
        let (count, ended) = try unsafe source.copy(
          place, offset: done, to: bounce, limit: bounceLength)
        // The string may have changed between the two looks; what was measured is copied.
        let part = min(ended ? count &+ 1 : count, length &- done)
        try unsafe space.pointee.copyOut(bounce, to: start + ByteCount(UInt64(done)), part)
        done &+= part
        if ended { break }
      }
    }
    pointer = start
    return length
  }

  /// Pushes a string of the kernel's, and its zero.
  mutating func push(_ string: ByteString) throws(Errno) {
    let length = string.count &+ 1
    let start = pointer - ByteCount(UInt64(length))
    guard start >= floor && start < pointer else { throw .E2BIG }
    if let base = unsafe string.bytes.baseAddress {
      try unsafe space.pointee.copyOut(base, to: start, string.count)
    }
    try space.pointee.copyOut(UInt8(0), to: start + ByteCount(UInt64(string.count)))
    pointer = start
  }

  /// Follows the stack, which has been moved down (setup_arg_pages(): `bprm->p -= stack_shift`).
  mutating func moveDown(by shift: ByteCount) {
    pointer -= shift
    floor -= shift
    programName -= shift
  }

  /// Pushes the name of the program file.
  mutating func pushProgramName(_ path: ByteString) throws(Errno) {
    try push(path)
    programName = pointer
  }

  /// Adds the empty argument that a program without any gets (do_execveat_common()).
  mutating func pushEmptyArgument() throws(Errno) {
    try push(ByteString(""))
    argumentCount = 1
    firstArgumentLength = 1
  }

  /// Replaces the first argument by a script's interpreter, its argument and the script's path
  /// (load_script()).
  mutating func replaceFirstArgument(
    interpreter: ByteString, argument: ByteString?, script: ByteString
  ) throws(Errno) {
    guard argumentCount > 0 else { throw .EFAULT }
    pointer += ByteCount(UInt64(firstArgumentLength))
    argumentCount &-= 1
    try push(script)
    argumentCount &+= 1
    if let argument {
      try push(argument)
      argumentCount &+= 1
    }
    try push(interpreter)
    argumentCount &+= 1
    firstArgumentLength = interpreter.count &+ 1
  }
}
