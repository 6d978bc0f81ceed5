package import Arm64
package import MemoryTypes

/// The memory of a program in a machine that stands still, by the tables of its address space.
///
/// What no table maps was never touched: of a file it is that file's page, else it reads as zeros.
@safe
package final class MachineMemory: MemorySource {
  package let title: String
  package let regions: [MemoryRegion]
  package var isRacy: Bool { false }
  package let pageSize: UInt64
  package var capacity: UInt64 { ram.count }

  private let ram: MappedBytes
  /// The physical address of RAM's first byte.
  private let base: PhysicalAddress
  private let regime: TranslationRegime
  private let files: BackingFiles
  /// A page that is in no RAM, made up when it is asked for.
  ///
  /// SAFETY: `pageSize` bytes, freed in deinit; lent out until the next window.
  private let lent: UnsafeMutableRawBufferPointer

  package init(
    title: String, ram: MappedBytes, base: PhysicalAddress, geometry: TranslationGeometry,
    root: PhysicalAddress, maps: String, files: BackingFiles
  ) {
    self.title = title
    self.ram = ram
    self.base = base
    self.files = files
    regime = TranslationRegime(
      geometry: geometry, lowerRoot: root, hasHardwareAccessAndDirty: true)
    pageSize = geometry.pageSize.bytes.rawValue
    regions = MemoryRegion.all(maps: maps)
    unsafe lent = .allocate(byteCount: Int(pageSize), alignment: 16)
  }

  deinit { unsafe lent.deallocate() }

  package func window(at address: UInt64) throws(HeapError) -> MemoryWindow {
    guard let region = regions.region(at: address) else { throw .unmapped(address: address) }
    let start = address & ~(pageSize - 1)
    if let page = unsafe page(start) {
      return unsafe MemoryWindow(start: start, bytes: page)
    }
    unsafe lent.initializeMemory(as: UInt8.self, repeating: 0)
    if region.hasFile, let file = files[region.name] {
      let offset = region.fileOffset + (start - region.start)
      // A file's last page is zeros behind its end.
      unsafe lent.copyMemory(from: file.bytes(offset, pageSize))
    } else if region.hasFile {
      throw .notStored(address: address, "\(region.name) is not here")
    }
    return unsafe MemoryWindow(start: start, bytes: UnsafeRawBufferPointer(lent))
  }

  /// The bytes of a page that the tables map.
  private func page(_ start: UInt64) -> UnsafeRawBufferPointer? {
    let ram = ram
    let base = base
    let translation = regime.walk(VirtualAddress(start)) { place in
      guard place >= base else { return nil }
      return ram.number((place - base).rawValue, 8).map { Descriptor($0) }
    } eachStep: { _ in
    }
    guard case .mapped(let mapping) = translation, mapping.address >= base else { return nil }
    let offset = (mapping.address - base).rawValue & ~(pageSize - 1)
    guard ram.holds(offset, pageSize) else { return nil }
    return unsafe ram.bytes(offset, pageSize)
  }

  package func file(_ path: String) -> MappedBytes? { files[path] }
}
