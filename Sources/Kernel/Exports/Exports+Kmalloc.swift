import KernelHeap
import KernelModules
import MemoryTypes
import PageFrames

/// In front of a module's buffer lies its size, in bytes of alignment of their own.
private var front: UInt64 { 128 }

@_cdecl("kmalloc")
func kmalloc(_ size: UInt, _ flags: UInt32) -> UnsafeMutableRawPointer? {
  guard size > 0, size < 1 << 40, let loader = Modules.loader else { return nil }
  let whole = ByteCount(UInt64(size) &+ front)
  guard
    let memory = unsafe loader.pointee.host.slab.pointee.allocateBytes(
      whole, GFP(rawValue: flags))
  else { return nil }
  unsafe memory.storeBytes(of: whole.rawValue, as: UInt64.self)
  return unsafe memory + Int(front)
}

@_cdecl("kzalloc")
func kzalloc(_ size: UInt, _ flags: UInt32) -> UnsafeMutableRawPointer? {
  guard let memory = unsafe kmalloc(size, flags) else { return nil }
  unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(size))
  return unsafe memory
}

@_cdecl("kfree")
func kfree(_ buffer: UnsafeMutableRawPointer?) {
  guard let buffer = unsafe buffer, let loader = Modules.loader else { return }
  let memory = unsafe buffer - Int(front)
  let size = unsafe memory.load(as: UInt64.self)
  unsafe loader.pointee.host.slab.pointee.freeBytes(memory, ByteCount(size))
}
