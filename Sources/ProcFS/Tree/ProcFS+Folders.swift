import AddressSpaces
import Arm64
import Files
import KernelHeap
import MemoryTypes
import Tasks

extension ProcFS {
  /// The entry of a folder with a name.
  func entry(_ name: ByteString, in node: ProceduralNode) throws(Errno) -> ProceduralEntry {
    guard let folder = ProcNode(node) else { throw .ENOENT }
    switch folder.kind {
    case .fd, .fdinfo:
      guard let number = name.decimal, number < 1 << 16, let table = task(folder)?.pointee.files,
        isOpen(UInt64(number), table)
      else { throw .ENOENT }
      return entry(
        ProcNode(
          folder.kind == .fd ? .descriptor : .descriptorInfo, pid: folder.pid,
          number: UInt16(truncatingIfNeeded: number)))
    case .mapFiles: return try mappedFile(name, of: folder)
    case .taskFolder:
      guard let number = name.decimal,
        let thread = kernel.task(Int32(truncatingIfNeeded: number)),
        thread.pointee.process == task(folder)?.pointee.process
      else { throw .ENOENT }
      return entry(ProcNode(.thread, pid: number))
    case .procRoot:
      if let number = name.decimal {
        guard kernel.task(Int32(truncatingIfNeeded: number)) != nil else { throw .ENOENT }
        return entry(ProcNode(.process, pid: number))
      }
      // What most paths begin with stands last in the list.
      if name == "self" { return entry(ProcNode(.selfLink)) }
    case .process, .thread:
      // A process may have ended since the folder was opened.
      guard task(folder) != nil else { throw .ENOENT }
    case .sysRoot: return try attribute(name, in: .root)
    case .attribute:
      guard let here = SysAttribute(rawValue: UInt8(truncatingIfNeeded: folder.number)) else {
        throw .ENOENT
      }
      switch here {
      case .slab: return try slabEntry(name, in: nil)
      case .modules: return try moduleFolder(name)
      case .block: return try zramFolder(name)
      case .fileSystems:
        guard name == "cgroup" else { throw .ENOENT }
        return try controlGroupTop()
      default: return try attribute(name, in: here)
      }
    case .slabCache: return try slabEntry(name, in: folder)
    case .zramFolder: return try zramEntry(name)
    case .controlGroup: return try controlEntry(name, in: folder)
    case .moduleFolder, .moduleSections, .moduleParameters:
      return try moduleEntry(name, in: folder)
    default: break
    }
    if let settings = folder.kind.settings {
      for raw in settings {
        if let setting = Sysctl(rawValue: raw), name == ByteString(setting.row.name) {
          return entry(ProcNode(.setting, number: raw))
        }
      }
    }
    var index = 0
    while let (entryName, kind) = folder.kind.entry(at: index) {
      if name == ByteString(entryName) { return entry(ProcNode(kind, pid: folder.pid)) }
      index &+= 1
    }
    throw .ENOENT
  }

  private func attribute(
    _ name: ByteString, in folder: SysAttribute
  ) throws(Errno) -> ProceduralEntry {
    for raw in 1..<SysAttribute.count {
      guard let attribute = SysAttribute(rawValue: raw), attribute.row.folder == folder,
        try withName(of: attribute, { (own) throws(Errno) in own == name })
      else { continue }
      return entry(ProcNode(.attribute, number: UInt16(raw)))
    }
    throw .ENOENT
  }

  /// What a folder answers for a node: what belongs to a process belongs to its user
  /// (fs/proc/base.c: task_dump_owner()).
  func entry(_ node: ProcNode) -> ProceduralEntry {
    let mode =
      switch node.kind {
      case .descriptor: descriptorMode(node)
      case .moduleParameter: FileMode(.regular, permissions: parameterPermissions(node))
      default: node.mode
      }
    let owner = self.owner(of: node)
    return ProceduralEntry(
      node: node.node, mode: mode, inodeNumber: node.inodeNumber, owner: owner.user,
      group: owner.group)
  }

  /// The permissions of a descriptor's link say what may be done with it
  /// (fs/proc/fd.c: tid_fd_update_inode()).
  private func descriptorMode(_ node: ProcNode) -> FileMode {
    guard let table = task(node)?.pointee.files else { return node.mode }
    var permissions: UInt32 = 0
    do throws(Errno) {
      let flags = try kernel.files.pointee.file(UInt64(node.number), in: table).pointee.flags
      if flags.mayRead { permissions |= 0o500 }
      if flags.mayWrite { permissions |= 0o300 }
    } catch { return node.mode }
    return FileMode(.symbolicLink, permissions: permissions)
  }

  /// The first entry of a folder at or after a position: the fixed ones have the positions from 0
  /// on, numbered ones 256 plus their number.
  func next(in node: ProceduralNode, from position: UInt64) -> ListedEntry? {
    guard let folder = ProcNode(node) else { return nil }
    if folder.kind == .controlGroup { return nextControlEntry(in: folder, from: position) }
    if folder.kind == .attribute && folder.number == UInt16(SysAttribute.fileSystems.rawValue) {
      return position == 0 ? listedControlGroupTop() : nil
    }
    if folder.kind == .attribute && folder.number == UInt16(SysAttribute.slab.rawValue) {
      // As many caches as have numbers; a program may have sought to anywhere.
      return position < 1 &<< 16 ? slabEntry(at: Int(position), in: nil) : nil
    }
    if position < 256, let listed = fixedEntry(of: folder, at: Int(position)) { return listed }
    let first = max(position, 256) &- 256
    switch folder.kind {
    case .procRoot:
      guard let pid = nextProcess(from: first) else { return nil }
      return numbered(ProcNode(.process, pid: pid), pid)
    case .taskFolder:
      guard let number = nextThread(of: folder, from: first) else { return nil }
      return numbered(ProcNode(.thread, pid: number), number)
    case .mapFiles: return nextMappedFile(of: folder, from: first)
    case .fd, .fdinfo:
      guard let table = task(folder)?.pointee.files else { return nil }
      var number = first
      while number < UInt64(table.pointee.capacity) {
        if isOpen(number, table) {
          return numbered(
            ProcNode(
              folder.kind == .fd ? .descriptor : .descriptorInfo, pid: folder.pid,
              number: UInt16(truncatingIfNeeded: number)),
            UInt32(truncatingIfNeeded: number))
        }
        number &+= 1
      }
      return nil
    default: return nil
    }
  }

  /// The first of the entries that are always there at or after a place.
  private func fixedEntry(of folder: ProcNode, at place: Int) -> ListedEntry? {
    if let settings = folder.kind.settings {
      guard place < settings.count else { return nil }
      let raw = settings.lowerBound &+ UInt16(place)
      guard let setting = Sysctl(rawValue: raw) else { return nil }
      return ListedEntry(
        name: ShortName(setting.row.name), entry: entry(ProcNode(.setting, number: raw)),
        nextPosition: UInt64(place) &+ 1)
    }
    if folder.kind == .slabCache { return slabEntry(at: place, in: folder) }
    if folder.kind == .zramFolder { return zramEntry(at: place) }
    if folder.kind == .attribute && folder.number == UInt16(SysAttribute.block.rawValue) {
      return place == 0 ? listedZRAMFolder() : nil
    }
    if folder.kind == .moduleFolder || folder.kind == .moduleSections
      || folder.kind == .moduleParameters
    {
      return moduleEntry(at: place, in: folder)
    }
    if folder.kind == .attribute && folder.number == UInt16(SysAttribute.modules.rawValue) {
      return moduleFolder(at: place)
    }
    if folder.kind == .attribute || folder.kind == .sysRoot {
      let number = folder.kind == .sysRoot ? 0 : folder.number
      var raw = UInt8(truncatingIfNeeded: max(place, 1))
      while raw < SysAttribute.count {
        if let attribute = SysAttribute(rawValue: raw),
          UInt16(attribute.row.folder.rawValue) == number
        {
          return listed(attribute)
        }
        raw &+= 1
      }
      return nil
    }
    guard let (name, kind) = folder.kind.entry(at: place) else { return nil }
    return ListedEntry(
      name: ShortName(name), entry: entry(ProcNode(kind, pid: folder.pid)),
      nextPosition: UInt64(place) &+ 1)
  }

  private func listed(_ attribute: SysAttribute) -> ListedEntry? {
    do throws(Errno) {
      let name = try withName(of: attribute) { (name) throws(Errno) in ShortName(name) }
      return ListedEntry(
        name: name, entry: entry(ProcNode(.attribute, number: UInt16(attribute.rawValue))),
        nextPosition: UInt64(attribute.rawValue) &+ 1)
    } catch { return nil }
  }

  private func numbered(_ node: ProcNode, _ number: UInt32) -> ListedEntry {
    ListedEntry(
      name: ShortName(number), entry: entry(node), nextPosition: 256 &+ UInt64(number) &+ 1)
  }

  /// The least process number at or above another.
  private func nextProcess(from first: UInt64) -> UInt32? {
    var least: UInt32?
    var process = kernel.store.pointee.firstProcess
    while let here = process {
      let pid = UInt32(bitPattern: here.pointee.id)
      if UInt64(pid) >= first, pid < least ?? .max { least = pid }
      process = here.pointee.nextProcess
    }
    return least
  }

  /// The least number at or above another of a thread of a process.
  private func nextThread(of folder: ProcNode, from first: UInt64) -> UInt32? {
    var least: UInt32?
    var thread = task(folder)?.pointee.process.pointee.firstThread
    while let here = thread {
      let pid = UInt32(bitPattern: here.pointee.pid)
      if UInt64(pid) >= first, pid < least ?? .max { least = pid }
      thread = here.pointee.nextThread
    }
    return least
  }

  private func isOpen(_ number: UInt64, _ table: KernelPointer<FileDescriptorTable>) -> Bool {
    do throws(Errno) {
      _ = try kernel.files.pointee.file(number, in: table)
      return true
    } catch {
      return false
    }
  }

  /// The process that a node belongs to, if it still is there.
  func task(_ node: ProcNode) -> KernelPointer<Task<B>>? {
    kernel.task(Int32(bitPattern: node.pid))
  }

  /// Where a link leads.
  func target(of node: ProceduralNode) throws(Errno) -> LinkTarget {
    guard let link = ProcNode(node) else { throw .ENOENT }
    switch link.kind {
    case .mountsLink: return .path("self/mounts")
    case .slabLink:
      guard let cache = kernel.slab.pointee.figures(numbered: link.number &>> 5) else {
        throw .ENOENT
      }
      return .name(cache.folderName)
    case .selfLink: return .sibling(UInt32(bitPattern: kernel.current.pointee.threadGroup))
    case .threadSelfLink:
      return .thread(
        UInt32(bitPattern: kernel.current.pointee.pid),
        of: UInt32(bitPattern: kernel.current.pointee.threadGroup))
    default: break
    }
    guard let task = task(link) else { throw .ESRCH }
    switch link.kind {
    case .mountNamespace: return .path("mnt:[4026531840]")
    case .cgroupNamespace: return .path("cgroup:[4026531835]")
    case .mappedFile:
      guard let file = mappedFile(link)?.pointee.file else { throw .ENOENT }
      return place(file.pointee.dentry)
    case .exe:
      guard let program = task.pointee.process.pointee.executable else { throw .ENOENT }
      return place(program.pointee.dentry)
    case .cwd:
      guard let folder = task.pointee.folders?.pointee.workingDirectory else { throw .ENOENT }
      return place(folder)
    case .processRoot:
      // Whoever has ended has no root any more (get_task_root()); process 1's is the tree's.
      guard let folders = task.pointee.folders else {
        guard task == kernel.initTask else { throw .ENOENT }
        return place(kernel.files.pointee.root)
      }
      return place(folders.pointee.root ?? kernel.files.pointee.root)
    case .descriptor:
      guard let table = task.pointee.files else { throw .ENOENT }
      do throws(Errno) {
        let file = try kernel.files.pointee.file(UInt64(link.number), in: table)
        return place(file.pointee.dentry)
      } catch { throw .ENOENT }
    default: throw .EINVAL
    }
  }

  private func place(_ dentry: KernelPointer<Dentry>) -> LinkTarget {
    kernel.files.pointee.retain(dentry)
    return .place(dentry)
  }
}

extension NodeKind {
  /// The settings that a folder of `/proc/sys` holds.
  fileprivate var settings: Range<UInt16>? {
    switch self {
    case .sysFS: Sysctl.fs
    case .sysKernel: Sysctl.kernel
    case .sysVM: Sysctl.vm
    default: nil
    }
  }
}
