import Files
import MemoryTypes

extension ModuleLoader {
  /// Looks at `.modinfo` (`check_modinfo()`): for which kernel, from where, under what licence.
  mutating func checkInformation(
    _ file: ModuleFile, _ name: ModuleName, _ ignoresVersion: Bool
  ) throws(ModuleError) -> (Taints, isGPLCompatible: Bool) {
    if !ignoresVersion {
      guard let magic = file.information("vermagic") else { throw ModuleError(.noVersionMagic) }
      guard magic == versionMagic else {
        var text = TextBuffer()
        name.withText { text.append($0) }
        text.append(": version magic '")
        text.append(magic)
        text.append("' should be '")
        text.append(versionMagic)
        text.append("'")
        send(3, text)
        throw ModuleError(.wrongVersionMagic, at: file.information.start)
      }
    }
    var found: Taints = []
    if file.information("intree") == nil {
      if !taints.contains(.outOfTree) {
        say(4, name, "loading out-of-tree module taints kernel.")
      }
      found.insert(.outOfTree)
    }
    if file.information("staging") != nil {
      say(
        4, name,
        "module is from the staging directory, the quality is unknown, you have been warned.")
      found.insert(.staging)
    }
    let license = file.information("license") ?? "unspecified"
    let isCompatible = Self.isGPLCompatible(license)
    if !isCompatible {
      if !taints.contains(.proprietary) {
        var text = TextBuffer()
        name.withText { text.append($0) }
        text.append(": module license '")
        text.append(license)
        text.append("' taints kernel.")
        send(4, text)
        // As add_taint() with LOCKDEP_NOW_UNRELIABLE; there is no lock debugging to disable.
        text = TextBuffer()
        text.append("Disabling lock debugging due to kernel taint")
        send(4, text)
      }
      found.insert(.proprietary)
    }
    if file.information("test") != nil {
      if !taints.contains(.test) { say(4, name, "loading test module taints kernel.") }
      found.insert(.test)
    }
    taints.formUnion(found)
    return (found, isCompatible)
  }

  /// Refuses sections that are to be written to and executed (`module_enforce_rwx_sections()`).
  func checkPermissions(_ file: ModuleFile, _ name: ModuleName) throws(ModuleError) {
    for index in 0..<file.sectionCount {
      let section = file.section(index)
      guard file.flags(section).isSuperset(of: [.writable, .executable]) else { continue }
      var text = TextBuffer()
      name.withText { text.append($0) }
      text.append(": section ")
      text.append(file.name(section))
      text.append(" (index ")
      text.append(decimal: UInt64(index))
      text.append(") has invalid WRITE|EXEC flags")
      send(3, text)
      throw ModuleError(.writableAndExecutable, at: section.at)
    }
  }

  /// As `license_is_gpl_compatible()`.
  static func isGPLCompatible(_ license: ByteString) -> Bool {
    license == "GPL" || license == "GPL v2" || license == "GPL and additional rights"
      || license == "Dual BSD/GPL" || license == "Dual MIT/GPL" || license == "Dual MPL/GPL"
  }
}
