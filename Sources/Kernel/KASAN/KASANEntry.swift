#if KASAN
import KernelAssembly
import KernelHeap
import MemoryTypes

/// Where KASAN.c comes to Swift: an access whose granules are not whole, and what else the compiler
/// asks for.

@_cdecl("kasan_check")
func kasanCheck(
  _ address: UInt64, _ size: UInt64, _ isWrite: UInt64, _ caller: UInt64
) -> Bool {
  guard let kasan = KASAN.ofBoard else { return true }
  return kasan.pointee.check(address, size, write: isWrite != 0, from: caller)
}

@_cdecl("kasan_report_access")
func kasanReportAccess(_ address: UInt64, _ size: UInt64, _ isWrite: UInt64, _ caller: UInt64) {
  guard let kasan = KASAN.ofBoard else { return }
  kasan.pointee.report(address, size, write: isWrite != 0, from: caller)
}

@_cdecl("kasan_register_variables")
func kasanRegisterVariables(_ list: UnsafePointer<UInt64>, _ count: UInt64) {
  guard let kasan = KASAN.ofBoard else { return }
  // SAFETY: the compiler's own list.
  unsafe kasan.pointee.registerVariables(list, count: Int(truncatingIfNeeded: count))
}

@_cdecl("kasan_alloca_poison")
func kasanAllocaPoison(_ address: UInt64, _ size: UInt64) {
  KASAN.ofBoard?.pointee.allocaPoison(address, size)
}

@_cdecl("kasan_allocas_unpoison")
func kasanAllocasUnpoison(_ top: UInt64, _ bottom: UInt64) {
  KASAN.ofBoard?.pointee.allocasUnpoison(top, bottom)
}

extension KASAN {
  /// The kernel's one; nil before it is there.
  static var ofBoard: KernelPointer<KASAN>? {
    // SAFETY: start-up stores the address of one that stays.
    guard
      let place = unsafe UnsafeMutablePointer<KASAN>(
        bitPattern: UInt(kasan_board().pointee.state))
    else { return nil }
    return unsafe KernelPointer(place)
  }
}
#endif
