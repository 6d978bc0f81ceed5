public import Arm64
import BoardFormat
import KernelAssembly
public import MemoryTypes

/// QEMU's `virt` board as the kernel's libraries see it: no bytes of its own, only instructions.
///
/// What differs from run to run (page size, VA bits, where the linear map is) was settled before
/// Swift ran and is constant since (`kernel_parameters`), so a value of this type is free to copy
/// and a property of it is at most one load.
public struct VirtBoard: Board {
  @inline(__always) public init() {}

  @inline(__always) public var pageSize: PageSize { translation.pageSize }

  @inline(__always) public var translation: TranslationGeometry {
    // SAFETY: `settle()` ran before anything else.
    unsafe kernel_geometry().load(as: TranslationGeometry.self)
  }

  public var hasHardwareAccessAndDirty: Bool { kernel_parameters.tcr & (1 &<< 39) != 0 }

  @inline(__always) public var clock: MachineTime {
    MachineTime(ticks: read_cntvct(), frequency: read_cntfrq())
  }

  /// Writes the geometry down; the first thing that Swift does.
  @inline(never) static func settle() {
    guard
      let size = PageSize(shift: kernel_parameters.page_shift),
      let geometry = TranslationGeometry(
        pageSize: size, vaBits: kernel_parameters.va_bits,
        hasLargeOutput: kernel_parameters.large_output != 0)
    else { powerOffBroken() }
    // SAFETY: the place has 64 bytes, aligned to 8, and nobody has read it yet.
    unsafe kernel_geometry_writable().storeBytes(of: geometry, as: TranslationGeometry.self)
    set_kernel_traced(VirtBoard().header.pointee.traced.rawValue)
    tellDoorbells()
    startLog()
  }
}

// MARK: RAM, through the linear map

extension VirtBoard {
  @inline(__always)
  public func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer {
    // SAFETY: the linear map begins far above zero.
    unsafe UnsafeMutableRawPointer(
      bitPattern: UInt(address.rawValue &+ kernel_parameters.linear_offset)
    ).unsafelyUnwrapped
  }

  @inline(__always)
  public func physicalAddress(of pointer: UnsafeRawPointer) -> PhysicalAddress {
    PhysicalAddress(UInt64(UInt(bitPattern: pointer)) &- kernel_parameters.linear_offset)
  }

  public func clearPages(at address: PhysicalAddress, _ count: PageCount, _ size: PageSize) {
    let (start, length) = (
      address.rawValue &+ kernel_parameters.linear_offset, count.bytes(of: size).rawValue
    )
    ring(.clearAddress, start)
    ring(.clearBytes, length)
    clear_pages(start, length)
  }

  public func copyPage(
    from source: PhysicalAddress, to target: PhysicalAddress, _ size: PageSize
  ) {
    if traced.contains(.frames) {
      trace(TraceRecord(.pageCopied, source.rawValue, target.rawValue))
    }
    let offset = kernel_parameters.linear_offset
    copy_page(target.rawValue &+ offset, source.rawValue &+ offset, size.bytes.rawValue)
  }
}
