import Arm64
import HardwareModel
import MemoryTypes
import Observation

/// The translation of every access three times over: by the CPU, by our walker, by the model.
extension Observer {
  /// Checks an access that the CPU has made, and that was just gathered.
  ///
  /// Of data in RAM QEMU says where in its own block of memory the access went, of which there are
  /// two, and of instructions where in its process: from the first access to each on, addresses have
  /// to be as far from that as then. Of a device it says the address itself.
  ///
  /// - Parameter place: the place that the CPU used.
  mutating func check(_ record: AccessRecord, place: UInt64, isDevice: Bool) {
    flush()
    guard phase == .during, !isUncounted else { return }
    let address = record.address
    let access: Access =
      record.kind == .fetch ? .execute : record.kind == .load ? .read : .write
    var walked = UInt64.max
    let translation = regime.walk(
      address, reading: { memory.descriptors.descriptor(at: $0.rawValue).map { Descriptor($0) } },
      eachStep: { _ in })
    if case .mapped(let mapping) = translation,
      mapping.allows(
        access, by: record.privilege, hardwareDirty: regime.hasHardwareAccessAndDirty)
    {
      walked = mapping.address.rawValue
    }
    var physical = place
    if !isDevice {
      guard let file = memory.file(of: walked) else {
        disagreements.add(.walkedElsewhere, address, record.kind, record.privilege, place, walked)
        return
      }
      let kept = record.kind == .fetch ? file &+ 2 : file
      let distance = distances[kept] ?? walked &- place
      distances[kept] = distance
      physical = place &+ distance
    }
    if walked != physical {
      disagreements.add(
        .walkedElsewhere, address, record.kind, record.privilege, physical, walked)
    }
    let modelled = core.lastPhysicalAddress(of: address, record.kind) ?? .max
    if modelled != physical {
      disagreements.add(
        .modelledElsewhere, address, record.kind, record.privilege, physical, modelled)
    }
    checked += 1
  }
}
