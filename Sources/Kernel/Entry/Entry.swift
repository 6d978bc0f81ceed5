import Arm64
import KernelAssembly
import MemoryTypes

/// Where the vectors come to Swift.
///
/// The context is at the top of the current task's kernel stack; the vectors load it when these
/// return.

@_cdecl("kernel_system_call")
func systemCall(_ context: UnsafeMutableRawPointer) {
}

@_cdecl("kernel_user_exception")
func userException(
  _ context: UnsafeMutableRawPointer, _ syndrome: UInt64, _ address: UInt64
) {
}

/// No interrupt is ever enabled for a program; one that comes is nobody's.
@_cdecl("kernel_user_interrupt")
func userInterrupt(_ context: UnsafeMutableRawPointer) {}
