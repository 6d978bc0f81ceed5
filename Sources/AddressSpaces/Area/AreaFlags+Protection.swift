import Arm64

extension AreaFlags {
  /// The attributes of a present page in an area with these flags (arch/arm64/mm/mmap.c:
  /// `protection_map[]`): private areas are never writable from the start, so that the first write
  /// is noticed; writing alone implies reading, as executing does.
  var pageAttributes: Descriptor.Attributes {
    if isDisjoint(with: .access) { return .userNone }
    let executable = contains(.execute)
    if contains([.shared, .write]) { return executable ? .userReadWriteExecute : .userReadWrite }
    return executable ? .userReadOnlyExecute : .userReadOnly
  }
}
