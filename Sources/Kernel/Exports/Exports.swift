import Arm64
import Files
import KernelAssembly
import KernelHeap
import KernelLog
import KernelModules
import MemoryTypes
import PageFrames
import Tasks

/// What modules may use of the kernel: the table that `Exports.S` makes, and what the functions in
/// it work on.
///
/// An exported function is C's by its name and its types; it does what Linux's of that name does, by
/// way of the rooms. Module code is trusted as Linux trusts it: what it gives wrong is its own
/// oops. The one state that is here, `module_variables`, belongs to the only CPU.
enum Exports {
  @inline(__always) static var variables: UnsafeMutablePointer<ModuleVariables> {
    unsafe module_variables().unsafelyUnwrapped
  }

  @inline(__always) static var slab: KernelPointer<SlabAllocator<VirtBoard>> {
    // SAFETY: stored before the first module is loaded, and never given back.
    unsafe KernelPointer(
      UnsafeMutablePointer<SlabAllocator<VirtBoard>>(
        bitPattern: UInt(module_variables().pointee.slab)
      ).unsafelyUnwrapped)
  }

  @inline(__always) static var frames: KernelPointer<FrameAllocator<VirtBoard>> {
    // SAFETY: as above.
    unsafe KernelPointer(
      UnsafeMutablePointer<FrameAllocator<VirtBoard>>(
        bitPattern: UInt(module_variables().pointee.frames)
      ).unsafelyUnwrapped)
  }

  @inline(__always) static var vmalloc: KernelPointer<VMAllocator<VirtBoard>> {
    // SAFETY: as above.
    unsafe KernelPointer(
      UnsafeMutablePointer<VMAllocator<VirtBoard>>(
        bitPattern: UInt(module_variables().pointee.vmalloc)
      ).unsafelyUnwrapped)
  }

  /// A symbol by its name.
  static func find(_ name: ByteString) -> KernelExport? {
    var at = address_of_exports_start()
    while at < address_of_exports_end() {
      // SAFETY: the section is entries of two distances from its start to its end.
      let entry = unsafe UnsafePointer<Int32>(bitPattern: UInt(at)).unsafelyUnwrapped
      let text = at &+ 4 &+ UInt64(bitPattern: Int64(unsafe entry[1]))
      if isText(text, name) {
        return KernelExport(address: at &+ UInt64(bitPattern: Int64(unsafe entry[0])))
      }
      at &+= 8
    }
    return nil
  }

  private static func isText(_ address: UInt64, _ name: ByteString) -> Bool {
    // SAFETY: a name of the table ends with a zero.
    let text = unsafe UnsafePointer<UInt8>(bitPattern: UInt(address)).unsafelyUnwrapped
    for index in 0..<name.count {
      guard unsafe text[index] == name[index] else { return false }
    }
    return unsafe text[name.count] == 0
  }

  /// Puts a message of the loader's into the log, a record a line.
  static func log(_ level: Int, _ text: ByteString) {
    var line = LogLine()
    unsafe line.append(bytes: text.bytes)
    line.send(LogLevel(rawValue: UInt8(truncatingIfNeeded: level & 7)) ?? .byDefault)
  }
}
