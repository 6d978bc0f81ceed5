import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// The entry of a folder with a name.
  func entry(_ name: ByteString, in node: ProceduralNode) throws(Errno) -> ProceduralEntry {
    guard let folder = ProcNode(node) else { throw .ENOENT }
    switch folder.kind {
    case .fd:
      guard let number = name.decimal, let table = task(folder)?.pointee.files,
        isOpen(UInt64(number), table)
      else { throw .ENOENT }
      return ProcNode(
        .descriptor, pid: folder.pid, descriptor: UInt16(truncatingIfNeeded: number)
      ).entry
    case .taskFolder:
      guard let number = name.decimal,
        let thread = kernel.task(Int32(truncatingIfNeeded: number)),
        thread.pointee.process == task(folder)?.pointee.process
      else { throw .ENOENT }
      return ProcNode(.thread, pid: number).entry
    case .procRoot:
      if let number = name.decimal {
        guard kernel.task(Int32(truncatingIfNeeded: number)) != nil else { throw .ENOENT }
        return ProcNode(.process, pid: number).entry
      }
    case .process, .thread:
      // A process may have ended since the folder was opened.
      guard task(folder) != nil else { throw .ENOENT }
    default: break
    }
    var index = 0
    while let (entryName, kind) = folder.kind.entry(at: index) {
      if name == ByteString(entryName) { return ProcNode(kind, pid: folder.pid).entry }
      index &+= 1
    }
    throw .ENOENT
  }

  /// The first entry of a folder at or after a position: the fixed ones have the positions from 0
  /// on, numbered ones 256 plus their number.
  func next(in node: ProceduralNode, from position: UInt64) -> ListedEntry? {
    guard let folder = ProcNode(node) else { return nil }
    if position < 256, let (name, kind) = folder.kind.entry(at: Int(position)) {
      return ListedEntry(
        name: ShortName(name), entry: ProcNode(kind, pid: folder.pid).entry,
        nextPosition: position &+ 1)
    }
    let first = max(position, 256) &- 256
    switch folder.kind {
    case .procRoot:
      guard let pid = nextProcess(from: first) else { return nil }
      return numbered(ProcNode(.process, pid: pid), pid)
    case .taskFolder:
      guard let number = nextThread(of: folder, from: first) else { return nil }
      return numbered(ProcNode(.thread, pid: number), number)
    case .fd:
      guard let table = task(folder)?.pointee.files else { return nil }
      var number = first
      while number < UInt64(table.pointee.capacity) {
        if isOpen(number, table) {
          let short = UInt32(truncatingIfNeeded: number)
          return numbered(
            ProcNode(
              .descriptor, pid: folder.pid, descriptor: UInt16(truncatingIfNeeded: number)), short)
        }
        number &+= 1
      }
      return nil
    default: return nil
    }
  }

  private func numbered(_ node: ProcNode, _ number: UInt32) -> ListedEntry {
    ListedEntry(
      name: ShortName(number), entry: node.entry, nextPosition: 256 &+ UInt64(number) &+ 1)
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
    case .selfLink: return .sibling(UInt32(bitPattern: kernel.current.pointee.threadGroup))
    case .threadSelfLink: return .sibling(UInt32(bitPattern: kernel.current.pointee.pid))
    default: break
    }
    guard let task = task(link) else { throw .ESRCH }
    switch link.kind {
    case .exe:
      guard let program = task.pointee.process.pointee.executable else { throw .ENOENT }
      return place(program.pointee.dentry)
    case .cwd:
      guard let folder = task.pointee.folders?.pointee.workingDirectory else { throw .ENOENT }
      return place(folder)
    case .processRoot: return place(kernel.files.pointee.root)
    case .descriptor:
      guard let table = task.pointee.files else { throw .ENOENT }
      do throws(Errno) {
        let file = try kernel.files.pointee.file(UInt64(link.descriptor), in: table)
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
