import Arm64
import Files
import KernelAssembly
import KernelHeap
import KernelModules
import MemoryTypes
import Tasks

/// What the loader asks of this kernel.
struct BoardModuleHost: ModuleHost {
  let slab: KernelPointer<SlabAllocator<VirtBoard>>
  let vmalloc: KernelPointer<VMAllocator<VirtBoard>>

  var pageSize: PageSize { VirtBoard().pageSize }

  /// The erratum is that of the Cortex-A53, revisions r0p0 to r0p4.
  var avoidsLateADRP: Bool {
    let core = read_midr()
    return core & 0xff0f_fff0 == 0x4100_d030 && core & 15 <= 4
  }

  func allocateArea(_ size: UInt64) -> ModuleArea? {
    let whole = ByteCount(size).pagesNeeded(of: pageSize).bytes(of: pageSize)
    guard
      let address = vmalloc.pointee.allocateModule(whole, caller: "module_alloc"),
      let start = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address.rawValue))
    else { return nil }
    unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: Int(whole.rawValue))
    // SAFETY: mapped for nobody else, until it is freed.
    return unsafe ModuleArea(
      UnsafeMutableRawBufferPointer(start: start, count: Int(whole.rawValue)),
      address: address.rawValue)
  }

  func free(_ area: ModuleArea) { _ = vmalloc.pointee.free(VirtualAddress(area.address)) }

  func protect(_ area: ModuleArea, _ offsets: Range<UInt64>, _ protection: ModuleProtection) {
    let start = VirtualAddress(area.address &+ offsets.lowerBound)
    let pages = ByteCount(offsets.upperBound &- offsets.lowerBound).pagesNeeded(of: pageSize)
    switch protection {
    case .readOnlyExecute:
      vmalloc.pointee.setReadOnly(start, pages)
      vmalloc.pointee.setExecutable(start, pages)
    case .readOnly: vmalloc.pointee.setReadOnly(start, pages)
    case .readWrite: vmalloc.pointee.setWritable(start, pages)
    }
  }

  /// Whoever makes pages executable has seen to that.
  func synchronizeInstructions(_ area: ModuleArea) {}

  func allocateObject(_ size: Int) -> UnsafeMutableRawPointer? {
    unsafe slab.pointee.allocateBytes(ByteCount(UInt64(size)))
  }

  func freeObject(_ object: UnsafeMutableRawPointer, _ size: Int) {
    unsafe slab.pointee.freeBytes(object, ByteCount(UInt64(size)))
  }

  func export(_ name: ByteString) -> KernelExport? { Exports.find(name) }

  func log(_ level: Int, _ text: ByteString) { Exports.log(level, text) }

  func call(_ function: UInt64) -> ModuleOutcome { Modules.call(function) }

  func finishDeferredWork() { runDeferred() }

  /// A module built with KASAN has its variables registered by a function that the compiler made
  /// (`do_mod_ctors()`).
  func isComing(_ module: KernelPointer<Module>) {
    Taint.add(Taint(rawValue: UInt64(module.pointee.taints.rawValue)))
    #if KASAN
    for index in 0..<module.pointee.symbolCount {
      guard let symbol = module.pointee.symbol(index), symbol.name == "asan.module_ctor",
        module.pointee.containsText(symbol.address)
      else { continue }
      _ = Modules.call(symbol.address)
    }
    #endif
  }

  func isGoing(_ module: KernelPointer<Module>) {}
}
