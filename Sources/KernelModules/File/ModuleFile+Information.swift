import Files
import MemoryTypes

/// `.modinfo`: texts `key=value`, each with its zero (`get_modinfo()`).
extension ModuleFile {
  /// The value of a key; nil where it is not there.
  func information(_ key: ByteString) -> ByteString? {
    var at = 0
    while at < information.count {
      let line = text(at, in: information, limit: information.count)
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
    let own = range(thisModule)
    if name == nil, own.count > 24 { name = text(24, in: own, limit: ModuleName.capacity) }
    guard let name, !name.isEmpty else { throw ModuleError(.noName, at: thisModule.at) }
    guard name.count < ModuleName.capacity else {
      throw ModuleError(.nameTooLong, at: thisModule.at)
    }
    return name
  }
}
