import BoardFormat
import Glibc

/// What became of the folders that the guest may change.
package struct ExportResult: Equatable, Sendable {
  /// How many files, folders and links were made, changed or removed.
  package var changes = 0
  /// What could not be done, each with the file; or why nothing was.
  package var problems: [String] = []
}

extension Guest {
  /// Changes the host's folders into what the guest left of them.
  func takeBack(
    _ received: ExportReceiver, _ board: BoardFile, _ ending: Ending
  ) -> ExportResult {
    var result = ExportResult()
    // A program that never ran changed nothing.
    if case .notStarted = ending, !received.hasBegun { return result }
    let names = bound.map(\.host).joined(separator: ", ")
    if let problem = received.problem {
      result.problems = ["\(names): nothing is changed: the kernel sent \(problem)"]
      return result
    }
    guard received.isComplete, received.trees.count == bound.count else {
      result.problems = [
        "\(names): nothing is changed: the machine ended without saying what the guest left"
      ]
      return result
    }
    let ordered = tree.ordered
    for (origin, top) in received.trees {
      guard origin <= ordered.count,
        let folder = bound.first(where: { $0.guest == ordered[origin - 1].path })
      else {
        result.problems.append("\(names): the kernel sent a folder that was not bound")
        continue
      }
      apply(top, to: folder, ordered, board, &result)
    }
    return result
  }

  private func apply(
    _ top: ExportedNode, to folder: BoundFolder, _ ordered: [(path: String, node: GuestTree.Node)],
    _ board: BoardFile, _ result: inout ExportResult
  ) {
    let descriptor = fcntl(folder.descriptor, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else {
      result.problems.append("\(folder.host): \(HostFile.reason())")
      return
    }
    let path = folder.fileName == nil ? folder.host : GuestPath.parent(of: folder.host)
    var applier = unsafe ExportApplier(
      HostFolder(descriptor, path), originals: originals(of: folder, ordered, board),
      bytes: { original in unsafe board.archived(original.data, original.size) })
    if let name = folder.fileName {
      if top.isRegular { applier.apply(file: top, name: Array(name.utf8)) }
    } else if top.isFolder {
      applier.apply(folder: top)
    }
    result.changes += applier.changes
    result.problems += applier.problems
  }

  /// What the guest got of a folder, by entry plus one.
  private func originals(
    of folder: BoundFolder, _ ordered: [(path: String, node: GuestTree.Node)], _ board: BoardFile
  ) -> [Int: OriginalNode] {
    var originals: [Int: OriginalNode] = [:]
    for (index, (path, node)) in ordered.enumerated() {
      guard path == folder.guest || path.hasPrefix(folder.guest + "/") else { continue }
      guard node.store == .bound || node.store == .boundTop else { continue }
      let names = GuestPath.components(String(path.dropFirst(folder.guest.count)))
      var original = OriginalNode(
        path: names.map { Array($0.utf8) }, permissions: node.permissions,
        seconds: Int64(node.modified), data: board.entries[index].data,
        size: board.entries[index].size)
      original.isFolder = node.content == .folder
      if case .file = node.content { original.isRegular = true }
      originals[index + 1] = original
    }
    return originals
  }
}
