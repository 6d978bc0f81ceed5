import Arm64
import KernelAssembly
import MemoryTypes
import SystemCalls
import Tasks

/// Where the vectors come to Swift. The context is at the top of the current task's kernel stack;
/// the vectors load it when these return.

@_cdecl("kernel_system_call")
func systemCall(_ context: UnsafeMutableRawPointer) {
  // SAFETY: the vectors stored a whole context there.
  let context = unsafe KernelPointer(context.assumingMemoryBound(to: UserContext.self))
  SystemCalls.dispatch(Kernel.state, context)
}

@_cdecl("kernel_compat_call")
func compatCall(_ context: UnsafeMutableRawPointer) {
  // SAFETY: the vectors stored a whole context there.
  let context = unsafe KernelPointer(context.assumingMemoryBound(to: UserContext.self))
  SystemCalls.dispatchCompat(Kernel.state, context)
}

@_cdecl("kernel_user_exception")
func userException(
  _ context: UnsafeMutableRawPointer, _ syndrome: UInt64, _ address: UInt64
) {
  let syndrome = ExceptionSyndrome(syndrome)
  // SAFETY: the vectors stored a whole context there.
  if unsafe context.assumingMemoryBound(to: UserContext.self).pointee.isAArch32 {
    Kernel.state.handleCompatException(syndrome, faultAddress: VirtualAddress(address))
    return
  }
  // WFI, which must not stop the CPU: it did nothing (arch/arm64/kernel/traps.c:wfi_handler()).
  if syndrome.classCode == 1 {
    // SAFETY: the vectors stored a whole context there.
    unsafe KernelPointer(context.assumingMemoryBound(to: UserContext.self))
      .pointee.programCounter &+= 4
    return
  }
  // An undefined instruction, or a trapped system instruction.
  if syndrome.classCode == 0 || syndrome.classCode == 0x18 {
    // SAFETY: the vectors stored a whole context there.
    let context = unsafe KernelPointer(context.assumingMemoryBound(to: UserContext.self))
    if emulateIdentification(context) || emulateLineClear(context) { return }
  }
  Kernel.state.handleUserException(syndrome, faultAddress: VirtualAddress(address))
}

/// The first thing that a new task does.
@_cdecl("kernel_begin_task")
func beginTask() { Kernel.state.beginTask() }

/// The timer, which is the only source that may interrupt a program.
///
/// The interrupt controller need not be asked: the signal is a level that ends when the timer is set
/// anew or stopped.
@_cdecl("kernel_user_interrupt")
func userInterrupt(_ context: UnsafeMutableRawPointer) { Kernel.state.interruptProgram() }

extension Kernel {
  /// The one state of the kernel, once it has been started.
  @inline(__always) static var state: KernelState<VirtBoard> {
    // SAFETY: no program runs, so no vector comes here, before the state is stored.
    unsafe KernelState(
      store: KernelPointer(
        UnsafeMutablePointer<KernelStore<VirtBoard>>(
          bitPattern: UInt(kernel_variables().pointee.state)
        ).unsafelyUnwrapped))
  }
}
