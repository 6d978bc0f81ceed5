import AddressSpaces
import Arm64
import KernelLayout
import MemoryTypes
import Tasks

/// One system call of a 32-bit program being served by way of the 64-bit one.
@safe struct CompatCall<B: Processor> {
  let kernel: KernelState<B>
  let task: KernelPointer<Task<B>>
  let space: KernelPointer<AddressSpace<B>>
  /// The program's registers.
  let context: KernelPointer<UserContext>
  /// Those that the 64-bit call takes its arguments from.
  let registers: KernelPointer<UserContext>

  /// The bytes of the window: a select's three sets, or 64 pieces of a vector.
  typealias Window = InlineArray<128, UInt64>
  static var windowLength: Int { 1024 }

  @inline(__always) func argument(_ index: Int) -> UInt64 {
    context.pointee.x[index] & 0xffff_ffff
  }
  @inline(__always) func address(_ index: Int) -> VirtualAddress {
    VirtualAddress(argument(index))
  }
  @inline(__always) func int(_ index: Int) -> Int32 {
    Int32(truncatingIfNeeded: context.pointee.x[index])
  }
  @inline(__always) func word(_ index: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: context.pointee.x[index])
  }
  /// An argument of C type `long`, as the 64-bit call takes it.
  @inline(__always) func signed(_ index: Int) -> UInt64 {
    UInt64(bitPattern: Int64(int(index)))
  }
  /// 64 bits in two registers, the lower half first.
  @inline(__always) func pair(_ index: Int) -> UInt64 {
    argument(index) | argument(index &+ 1) &<< 32
  }

  /// Where in the window bytes are, as the 64-bit call finds them.
  @inline(__always) func window(_ offset: Int) -> UInt64 {
    UserLayout.window.rawValue &+ UInt64(offset)
  }
  // Out of line: each is a copy from or to the program, and calls have many of them.
  @inline(never) func put<T: BitwiseCopyable>(_ value: T, at offset: Int) throws(Errno) {
    try space.pointee.copyOut(value, to: VirtualAddress(window(offset)))
  }
  @inline(never) func get<T: BitwiseCopyable>(
    _ type: T.Type, at offset: Int
  ) throws(Errno) -> T {
    try space.pointee.copyIn(type, from: VirtualAddress(window(offset)))
  }

  /// Words of the program's memory.
  @inline(never) func load<T: BitwiseCopyable>(
    _ type: T.Type, _ address: UInt64, _ offset: UInt64 = 0
  ) throws(Errno) -> T {
    try space.pointee.copyIn(type, from: VirtualAddress(address &+ offset))
  }
  @inline(never) func store<T: BitwiseCopyable>(
    _ value: T, _ address: UInt64, _ offset: UInt64 = 0
  ) throws(Errno) {
    try space.pointee.copyOut(value, to: VirtualAddress(address &+ offset))
  }
  func loadSigned(_ address: UInt64, _ offset: UInt64 = 0) throws(Errno) -> UInt64 {
    UInt64(bitPattern: Int64(try load(Int32.self, address, offset)))
  }

  /// Makes the 64-bit call of a number.
  func call(
    _ number: UInt64, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0,
    _ e: UInt64 = 0, _ f: UInt64 = 0
  ) throws(Errno) -> UInt64 {
    registers.pointee.x[0] = a
    registers.pointee.x[1] = b
    registers.pointee.x[2] = c
    registers.pointee.x[3] = d
    registers.pointee.x[4] = e
    registers.pointee.x[5] = f
    registers.pointee.x[8] = number
    SystemCalls.count(kernel, number)
    let call = SystemCall(kernel: kernel, task: task, space: space, context: registers)
    var times = 0
    while true {
      do throws(Errno) {
        return try call.perform(number)
      } catch {
        // As serve(): room is made, and the call is made again.
        guard call.asksAgain(after: error, times) else { throw error }
        times &+= 1
      }
    }
  }

  /// The call's result as r0 gets it.
  func serve(_ number: UInt32) -> UInt64 {
    do throws(Errno) {
      return try perform(number)
    } catch {
      return 0 &- UInt64(error.rawValue)
    }
  }
}
