import Files
import KernelModules
import MemoryTypes

/// A kernel for modules in this process: memory by malloc at made-up addresses, everything that the
/// loader asks for noted down.
@safe final class TestHost: ModuleHost {
  let pageSize = PageSize.fourKiB
  var avoidsLateADRP = false
  /// Where the next area is said to lie.
  var next: UInt64 = 0xffff_8000_0000_0000
  var areas = 0
  /// How many allocations still succeed; nil for all.
  var allocationsLeft: Int?
  var objects = 0
  var said: [String] = []
  var exports: [String: UInt64] = ["_printk": 0xffff_8000_0800_1000]
  var outcome = ModuleOutcome.returned(0)
  var called: [UInt64] = []
  var protections: [(Range<UInt64>, ModuleProtection)] = []

  /// Whether there is memory once more.
  private func hasMemory() -> Bool {
    guard let left = allocationsLeft else { return true }
    allocationsLeft = max(left - 1, 0)
    return left > 0
  }

  func allocateArea(_ size: UInt64) -> ModuleArea? {
    guard hasMemory() else { return nil }
    let whole = Int((size + 4095) & ~4095)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: whole, alignment: 4096)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
    areas += 1
    defer { next += UInt64(whole) + 4096 }
    return unsafe ModuleArea(bytes, address: next)
  }
  func free(_ area: ModuleArea) {
    areas -= 1
    unsafe area.bytes.deallocate()
  }
  func protect(_ area: ModuleArea, _ offsets: Range<UInt64>, _ protection: ModuleProtection) {
    precondition(
      offsets.lowerBound % 4096 == 0 && offsets.upperBound % 4096 == 0 && !offsets.isEmpty
        && offsets.upperBound <= area.size)
    protections.append((offsets, protection))
  }
  func synchronizeInstructions(_ area: ModuleArea) {}
  func allocateObject(_ size: Int) -> UnsafeMutableRawPointer? {
    guard hasMemory() else { return nil }
    objects += 1
    return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
  }
  func freeObject(_ object: UnsafeMutableRawPointer, _ size: Int) {
    objects -= 1
    unsafe object.deallocate()
  }
  func export(_ name: ByteString) -> KernelExport? {
    exports[Self.text(name)].map { KernelExport(address: $0) }
  }
  func log(_ level: Int, _ text: ByteString) { said.append(Self.text(text)) }
  func call(_ function: UInt64) -> ModuleOutcome {
    called.append(function)
    return outcome
  }
  func finishDeferredWork() {}
  func isComing(_ module: KernelPointer<Module>) {}
  func isGoing(_ module: KernelPointer<Module>) {}

  static func text(_ bytes: ByteString) -> String {
    unsafe String(decoding: bytes.bytes, as: UTF8.self)
  }
}

extension ModuleLoader<TestHost> {
  static func make(_ host: TestHost) -> ModuleLoader<TestHost> {
    ModuleLoader(host: host, versionMagic: "magic")
  }

  /// What holds of every module that is loaded.
  func checkInvariants() {
    forEach { module in
      let layout = module.pointee.coreLayout
      let borders = [
        0, layout.textSize, layout.readOnlySize, layout.readOnlyAfterInitSize, layout.size,
        module.pointee.core.size,
      ]
      precondition(borders == borders.sorted() && borders.allSatisfy { $0 % 4096 == 0 })
      precondition(layout.veneers + layout.veneerCount * 12 <= layout.textSize)
      precondition(layout.kept + layout.keptBytes <= layout.size)
      precondition(module.pointee.state == .live && module.pointee.users == 0)
      for index in 0..<module.pointee.symbolCount {
        precondition(module.pointee.symbol(index) != nil)
      }
      _ = module.pointee.place(of: module.pointee.core.address)
    }
  }

  /// Loads from an array, which is copied.
  mutating func load(_ file: [UInt8], _ parameters: StaticString = "") throws(ModuleError) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: file.count, alignment: 16)
    defer { unsafe copy.deallocate() }
    unsafe copy.copyBytes(from: file)
    _ = unsafe try load(copy, parameters: ByteString(parameters))
  }
}
