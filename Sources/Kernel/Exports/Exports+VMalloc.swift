import Arm64
import KernelHeap
import KernelModules
import MemoryTypes
import PageFrames

// Memory whose frames need not lie side by side (include/linux/vmalloc.h, set_memory.h). Who asked
// is named in /proc/vmallocinfo by the address that the module called from (KernelAssembly/Callers.S).

@_cdecl("kilburn_vmalloc")
func vmalloc(_ size: UInt, _ flags: UInt32, _ caller: UInt) -> UInt {
  let address = Exports.vmalloc.pointee.allocate(
    ByteCount(UInt64(size)), GFP(rawValue: flags), caller: VMCaller(address: caller))
  return address.map { UInt($0.rawValue) } ?? 0
}

@_cdecl("kilburn_vmalloc_user")
func vmallocUser(_ size: UInt, _ caller: UInt) -> UInt {
  let address = Exports.vmalloc.pointee.allocateForUser(
    ByteCount(UInt64(size)), caller: VMCaller(address: caller))
  return address.map { UInt($0.rawValue) } ?? 0
}

@_cdecl("vfree")
func vfree(_ address: UInt) {
  guard address != 0 else { return }
  if !Exports.vmalloc.pointee.free(VirtualAddress(UInt64(address))) {
    var line = TextBuffer()
    line.append("Trying to vfree() nonexistent vm area (")
    line.append(hex: UInt64(address), digits: 16)
    line.append(")")
    line.withText { Exports.log(4, $0) }
  }
}

/// From where nothing may be waited for: the memory goes with the work that is put off
/// (`__vfree_deferred()`: schedule_work()).
@_cdecl("vfree_atomic")
func vfreeAtomic(_ address: UInt) {
  guard address != 0 else { return }
  _ = Exports.vmalloc.pointee.freeLater(VirtualAddress(UInt64(address)))
}

@_cdecl("is_vmalloc_addr")
func isVMallocAddress(_ address: UInt) -> Bool {
  Exports.vmalloc.pointee.isVMalloc(VirtualAddress(UInt64(address)))
}

@_cdecl("vmalloc_to_page")
func vmallocToPage(_ address: UInt) -> UnsafeMutableRawPointer? {
  let board = VirtBoard()
  guard let slot = Exports.vmalloc.pointee.table.entry(for: VirtualAddress(UInt64(address))),
    slot.pointee.isValid
  else { return nil }
  return unsafe Exports.frames.pointee.frame(slot.pointee.frame(in: board.translation)).raw
}

@_cdecl("kilburn_map_pages")
func vmap(
  _ pages: UnsafePointer<UnsafeMutableRawPointer>, _ count: UInt32, _ caller: UInt
) -> UInt {
  let address = Exports.vmalloc.pointee.map(
    PageCount(UInt64(count)), caller: VMCaller(address: caller)
  ) { index in
    unsafe Exports.number(pages[Int(index)])
  }
  return address.map { UInt($0.rawValue) } ?? 0
}

@_cdecl("vunmap")
func vunmap(_ address: UInt) {
  guard address != 0 else { return }
  _ = Exports.vmalloc.pointee.unmap(VirtualAddress(UInt64(address)))
}

@_cdecl("kilburn_ioremap")
func ioremap(_ physical: UInt64, _ size: UInt, _ caller: UInt) -> UInt {
  let address = Exports.vmalloc.pointee.mapDevice(
    PhysicalAddress(physical), ByteCount(UInt64(size)), caller: VMCaller(address: caller))
  return address.map { UInt($0.rawValue) } ?? 0
}

@_cdecl("iounmap")
func iounmap(_ address: UInt) {
  _ = Exports.vmalloc.pointee.unmapDevice(VirtualAddress(UInt64(address)))
}

/// The four of set_memory: 0 read-only, 1 writable, 2 executable, 3 not; 0 or EINVAL, negative.
@_cdecl("kilburn_set_memory")
func setMemory(_ address: UInt, _ count: Int32, _ kind: UInt32) -> Int32 {
  let start = VirtualAddress(UInt64(address))
  let pages = PageCount(UInt64(max(count, 0)))
  let vmalloc = Exports.vmalloc
  let isDone =
    switch kind {
    case 0: vmalloc.pointee.setReadOnly(start, pages)
    case 1: vmalloc.pointee.setWritable(start, pages)
    case 2: vmalloc.pointee.setExecutable(start, pages)
    default: vmalloc.pointee.setNotExecutable(start, pages)
    }
  return isDone ? 0 : -22
}
