import Files
import MemoryTypes
import Tasks

/// Loadable modules: `/proc/modules`, `/proc/kallsyms`, and `/sys/module`, a folder for each that is
/// loaded.
///
/// A node's number is the module's in the upper eight bits, and in the lower the place of a file in
/// its folder.
extension ProcFS {
  /// `/proc/modules` (kernel/module/procfs.c: m_show()).
  func modules(_ out: inout Writer) {
    guard let door = kernel.store.pointee.modules else { return }
    let shows = showsKernelAddresses
    var index = 0
    while door.line(index, shows, { out.bytes($0) }) { index &+= 1 }
  }

  /// A line of `/proc/kallsyms` (kernel/kallsyms.c: s_show()); no name has a blank, so that the
  /// fields can be told.
  func kernelSymbols(at position: inout UInt64, _ out: inout Writer) -> Bool {
    guard let view = kernel.store.pointee.modules?.view else { return false }
    let shows = showsKernelAddresses
    return view.symbol(&position) { address, letter, name, module in
      out.hexadecimal(shows ? address : 0, width: 16)
      out.byte(0x20)
      out.byte(letter)
      out.byte(0x20)
      for index in 0..<name.count { out.byte(name[index] == 0x20 ? 0x5f : name[index]) }
      if !module.isEmpty {
        out.text("\t[")
        out.bytes(module)
        out.byte(0x5d)
      }
      out.newline()
    }
  }

  private var moduleView: ModuleView? { kernel.store.pointee.modules?.view }

  private static func node(_ kind: NodeKind, _ module: UInt8, _ index: Int = 0) -> ProcNode {
    ProcNode(kind, number: UInt16(module) &<< 8 | UInt16(truncatingIfNeeded: index & 0xff))
  }

  private static func module(of node: ProcNode) -> UInt8 { UInt8(node.number &>> 8) }

  /// The files of a module's folder that say one thing, by ``ModuleView/fact``'s numbers, and its
  /// folders.
  private static func entry(_ index: Int) -> (name: StaticString, kind: NodeKind, fact: Int)? {
    switch index {
    case 0: ("coresize", .moduleFact, 1)
    case 1: ("initsize", .moduleFact, 2)
    case 2: ("initstate", .moduleFact, 3)
    case 3: ("refcnt", .moduleFact, 4)
    case 4: ("taint", .moduleFact, 5)
    case 5: ("sections", .moduleSections, 0)
    case 6: ("version", .moduleFact, 6)
    case 7: ("srcversion", .moduleFact, 7)
    case 8: ("parameters", .moduleParameters, 0)
    default: nil
    }
  }

  /// Whether a module has such an entry: versions that it says, parameters that are shown.
  private func has(_ module: UInt8, _ kind: NodeKind, _ fact: Int) -> Bool {
    guard let view = moduleView else { return false }
    if kind == .moduleParameters { return parameter(of: module, from: 0) != nil }
    return kind != .moduleFact || view.fact(module, UInt8(fact), { _ in })
  }

  /// The first parameter at or after a place that is shown at all.
  private func parameter(of module: UInt8, from index: Int) -> Int? {
    var index = index
    var isShown = false
    while index < 256,
      moduleView?.parameter(module, index, { _, permissions, _ in isShown = permissions != 0 })
        == true
    {
      if isShown { return index }
      index &+= 1
    }
    return nil
  }

  /// The permissions of a parameter's file.
  func parameterPermissions(_ node: ProcNode) -> UInt32 {
    var found: UInt32 = 0
    _ = moduleView?.parameter(Self.module(of: node), Int(node.number & 0xff)) { _, permissions, _ in
      found = permissions
    }
    return found
  }

  /// The folder of a module.
  func moduleFolder(_ name: ByteString) throws(Errno) -> ProceduralEntry {
    guard let number = moduleView?.number(name), number != 0 else { throw .ENOENT }
    return entry(Self.node(.moduleFolder, number))
  }

  /// The module's folder at a place of `/sys/module`.
  func moduleFolder(at place: Int) -> ListedEntry? {
    var listed: ListedEntry?
    _ = moduleView?.module(place) { number, name in
      guard number != 0 else { return }
      listed = ListedEntry(
        name: ShortName(name), entry: entry(Self.node(.moduleFolder, number)),
        nextPosition: UInt64(place) &+ 1)
    }
    return listed
  }

  /// The entry of a name of a module's folder, of its sections or its parameters.
  func moduleEntry(_ name: ByteString, in folder: ProcNode) throws(Errno) -> ProceduralEntry {
    var place = 0
    while let listed = moduleEntry(at: place, in: folder) {
      if try listed.name.withName({ (own) throws(Errno) in own == name }) { return listed.entry }
      place = Int(listed.nextPosition)
    }
    throw .ENOENT
  }

  /// The first entry at or after a place of such a folder.
  func moduleEntry(at place: Int, in folder: ProcNode) -> ListedEntry? {
    guard let view = moduleView, place < 256 else { return nil }
    let module = Self.module(of: folder)
    var listed: ListedEntry?
    switch folder.kind {
    case .moduleFolder:
      var place = place
      while let (name, kind, fact) = Self.entry(place) {
        if has(module, kind, fact) {
          return ListedEntry(
            name: ShortName(name), entry: entry(Self.node(kind, module, fact)),
            nextPosition: UInt64(place) &+ 1)
        }
        place &+= 1
      }
    case .moduleSections:
      _ = view.section(module, place) { name, _ in
        listed = ListedEntry(
          name: ShortName(name), entry: entry(Self.node(.moduleSection, module, place)),
          nextPosition: UInt64(place) &+ 1)
      }
    default:
      guard let place = parameter(of: module, from: place) else { return nil }
      _ = view.parameter(module, place) { name, _, _ in
        listed = ListedEntry(
          name: ShortName(name), entry: entry(Self.node(.moduleParameter, module, place)),
          nextPosition: UInt64(place) &+ 1)
      }
    }
    return listed
  }

  /// Writes the text of a file of a module's folders.
  func moduleFile(_ file: ProcNode, _ out: inout Writer) throws(Errno) {
    let module = Self.module(of: file)
    let index = Int(file.number & 0xff)
    guard let view = moduleView else { throw .ENODEV }
    let isThere =
      switch file.kind {
      case .moduleFact: view.fact(module, UInt8(index)) { out.bytes($0) }
      case .moduleParameter: view.parameter(module, index) { _, _, value in out.bytes(value) }
      default:
        view.section(module, index) { _, address in
          out.text("0x")
          out.hexadecimal(showsKernelAddresses ? address : 0, width: 16)
          out.newline()
        }
      }
    // The module has gone since the file was opened.
    guard isThere else { throw .ENODEV }
  }

  /// Sets a parameter (`param_attr_store()`).
  func store(_ text: ByteString, inParameter file: ProcNode) throws(Errno) -> Int {
    guard let view = moduleView else { throw .ENODEV }
    let result = view.setParameter(Self.module(of: file), Int(file.number & 0xff), text)
    if result < 0 { throw Errno(rawValue: UInt16(truncatingIfNeeded: -result)) ?? .EINVAL }
    return text.count
  }
}
