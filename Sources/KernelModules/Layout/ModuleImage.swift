import Arm64
import MemoryTypes

/// A module's memory while it is being put together: both parts, and how many veneers they have.
struct ModuleImage: BitwiseCopyable {
  let core: ModuleArea
  let initial: ModuleArea?
  let coreLayout: ModuleLayout
  let initialLayout: ModuleLayout
  /// Veneers that were emitted.
  var coreVeneers: UInt64 = 0
  var initialVeneers: UInt64 = 0
  /// The CPU may take a wrong page from an ADRP at the end of a page (Cortex-A53 erratum 843419).
  var avoidsLateADRP = false

  /// The part that an address is in.
  func area(of address: UInt64, _ length: UInt64) -> ModuleArea? {
    if core.contains(address, length) { return core }
    if let initial, initial.contains(address, length) { return initial }
    return nil
  }

  /// Copies what the file has of each section, and tells each its address (`move_module()`).
  ///
  /// The areas are zeros.
  func fill(from file: ModuleFile) {
    for index in 0..<file.sectionCount {
      let section = file.section(index)
      let placement = file.placement(section)
      guard placement != ~0 else {
        file.set(section, address: 0)
        continue
      }
      let isInitial = placement & ModuleFile.initBit != 0
      guard let area = isInitial ? initial : core else { continue }
      let offset = placement & ~ModuleFile.initBit
      file.set(section, address: area.address &+ offset)
      let range = file.range(section)
      guard range.count > 0 else { continue }
      unsafe UnsafeMutableRawBufferPointer(rebasing: area.bytes[Int(offset)...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: file.bytes[range.start..<range.end]))
    }
  }
}
