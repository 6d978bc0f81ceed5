import KernelLayout
import MemoryTypes

/// A place of the kernel's that system calls of a 32-bit program find behind its address space.
///
/// A call of a 32-bit program is served by the function that serves 64-bit programs. Where the two
/// lay out a structure differently, the structure is converted into the window, and the function is
/// given the window's address, `0x1_0000_0000` and on, as if it lay in the program's memory. No
/// address of the program's own has more than 32 bits, so it can neither name the window nor see
/// what is in it. (Linux once took such room from the program's own stack, below its stack pointer:
/// `compat_alloc_user_space()`.)
///
/// A window belongs to a task, for the length of one call, asleep or not.
@safe public struct ArgumentWindow: BitwiseCopyable {
  let start: UnsafeMutableRawPointer
  let length: UInt64

  /// A window onto the `length` bytes at `start`, at most 64K, which must stay there meanwhile.
  @unsafe public init(_ start: UnsafeMutableRawPointer, length: Int) {
    unsafe self.start = start
    self.length = UInt64(length)
  }
}

extension AddressSpace {
  /// The byte under an address behind the user half; nil if there is none.
  ///
  /// Good for what is left of the window, which callers do not know; they copy what was put there.
  @inline(never)
  func windowPointer(_ address: VirtualAddress) -> UnsafeMutableRawPointer? {
    guard address >= UserLayout.window, let window = context.pointee.current.pointee.window,
      context.pointee.current.pointee.space == here
    else { return nil }
    let offset = (address - UserLayout.window).rawValue
    guard offset < window.length else { return nil }
    return unsafe window.start + Int(offset)
  }

  /// What remembers where a special mapping is: the `mremap` of `vm_special_mapping`
  /// (arch/arm64/kernel/vdso.c).
  mutating func noteMoved(_ kind: SpecialMapping, to place: VirtualAddress) {
    switch kind {
    case .vdso, .vdso32: vdso = place
    case .signalPage: signalPage = place
    case .none, .attachment, .vvar, .vectors: return
    }
  }
}
