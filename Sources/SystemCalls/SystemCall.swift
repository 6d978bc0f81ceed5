import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// One system call being served: who calls, and with what.
///
/// arm64's convention: the number in x8, arguments in x0 to x5, the result, or an error number
/// made negative, in x0. Every argument is an allegation of the program: lengths may wrap, pointers
/// may lead anywhere, descriptors may not exist. Pointers are only used through
/// ``AddressSpaces/AddressSpace``'s copies, which answer EFAULT.
@safe struct SystemCall<B: Processor> {
  let kernel: KernelState<B>
  let task: KernelPointer<Task<B>>
  let space: KernelPointer<AddressSpace<B>>
  let context: KernelPointer<UserContext>

  @inline(__always) func argument(_ index: Int) -> UInt64 { context.pointee.x[index] }
  @inline(__always) func address(_ index: Int) -> VirtualAddress {
    VirtualAddress(argument(index))
  }
  @inline(__always) func bytes(_ index: Int) -> ByteCount { ByteCount(argument(index)) }
  /// An argument of C type `int`: the register's upper half counts for nothing.
  @inline(__always) func int(_ index: Int) -> Int32 {
    Int32(truncatingIfNeeded: argument(index))
  }
  /// An argument of C type `unsigned int`.
  @inline(__always) func word(_ index: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: argument(index))
  }
  @inline(__always) func signed(_ index: Int) -> Int64 { Int64(bitPattern: argument(index)) }

  var files: KernelPointer<FileSystem<B>> { kernel.files }

  /// The table of open files; every task with a program has one.
  @inline(__always)
  var table: KernelPointer<FileDescriptorTable> {
    get throws(Errno) {
      guard let table = task.pointee.files else { throw .EBADF }
      return table
    }
  }

  /// The open file whose descriptor is an argument.
  ///
  /// Linux takes descriptors as `unsigned int`.
  @inline(__always)
  func file(_ index: Int) throws(Errno) -> KernelPointer<OpenFile> {
    try files.pointee.file(UInt64(word(index)), in: table)
  }

  /// As ``file(_:)``, but EBADF for one that only names a place (O_PATH).
  func readyFile(_ index: Int) throws(Errno) -> KernelPointer<OpenFile> {
    let file = try file(index)
    guard !file.pointee.flags.contains(.path) else { throw .EBADF }
    return file
  }
}
