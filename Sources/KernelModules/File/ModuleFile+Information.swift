import Files
import MemoryTypes

/// `.modinfo`: texts `key=value`, each with its zero (`get_modinfo()`).
extension ModuleFile {
  /// The value of a key; nil where it is not there.
  func information(_ key: ByteString) -> ByteString? {
    guard information.at != 0, type(information) != .noBits else { return nil }
    let end = place(information) &+ size(information)
    var at = place(information)
    while at < end {
      let line = text(at, before: end)
      at &+= line.count &+ 1
      guard line.count > key.count, line[key.count] == 0x3d, line[0..<key.count] == key else {
        continue
      }
      return line[key.count &+ 1..<line.count]
    }
    return nil
  }

  /// The module's name.
  ///
  /// From `.modinfo`, or else from the module's own structure, whose name is at its 24th byte as
  /// in Linux's `struct module`.
  func moduleName() throws(ModuleError) -> ByteString {
    var name = information("name")
    if name == nil, size(thisModule) > 24 {
      name = text(
        place(thisModule) &+ 24,
        before: place(thisModule) &+ min(size(thisModule), 24 &+ ModuleName.capacity))
    }
    guard let name, !name.isEmpty else { throw ModuleError(.noName, at: thisModule.at) }
    guard name.count < ModuleName.capacity else {
      throw ModuleError(.nameTooLong, at: thisModule.at)
    }
    return name
  }
}
