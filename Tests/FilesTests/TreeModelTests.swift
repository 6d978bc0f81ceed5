import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

/// A tree of files as a test thinks of it: objects and dictionaries, nothing of the kernel's.
private final class ModelNode {
  enum Kind { case folder, file, link(String) }
  let kind: Kind
  var children: [String: ModelNode] = [:]
  var order: [String] = []
  var links = 1
  init(_ kind: Kind) { self.kind = kind }

  var isFolder: Bool { if case .folder = kind { true } else { false } }

  func add(_ name: String, _ node: ModelNode) {
    children[name] = node
    order.removeAll { $0 == name }
    order.insert(name, at: 0)
  }
  func remove(_ name: String) {
    children[name] = nil
    order.removeAll { $0 == name }
  }
  func holds(_ node: ModelNode) -> Bool {
    self === node || children.values.contains { $0.holds(node) }
  }
}

@Suite struct TreeModelTests {
  /// Random changes of a tree below /tmp, each with the outcome that the model foretells.
  @Test func agreesWithDictionaries() throws {
    for seed in 1...8 as ClosedRange<UInt64> {
      var random = Random(seed: seed)
      let machine = try TestMachine()
      let files = machine.files
      let top = ModelNode(.folder)
      var names = (0..<6).map { "n\($0)" }
      names.append(String(repeating: "long", count: 20))
      let before = machine.slabPages
      for step in 0..<1500 {
        let note: Comment = "seed \(seed) step \(step)"
        let (text, parent, name) = somewhere(top, names, &random)
        let base = machine.root
        let there = parent.children[name]
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1:
          let outcome = errno {
            try files.pointee.makeDirectory(path(text), from: base, permissions: 0o755)
          }
          #expect(outcome == (there == nil ? nil : .EEXIST), note)
          if outcome == nil { parent.add(name, ModelNode(.folder)) }
        case 2:
          let outcome = errno {
            let file = try files.pointee.open(text, [.writeOnly, .create, .exclusive])
            try files.pointee.writeAll(file, at: 0, [1, 2, 3])
            files.pointee.release(file)
          }
          #expect(outcome == (there == nil ? nil : .EEXIST), note)
          if outcome == nil { parent.add(name, ModelNode(.file)) }
        case 3:
          let target = names.randomElement(using: &random) ?? ""
          let outcome = errno {
            try files.pointee.makeSymbolicLink(path(text), from: base, to: path(target))
          }
          #expect(outcome == (there == nil ? nil : .EEXIST), note)
          if outcome == nil { parent.add(name, ModelNode(.link(target))) }
        case 4:
          let outcome = errno { try files.pointee.unlink(path(text), from: base) }
          #expect(
            outcome == (there == nil ? .ENOENT : there?.isFolder == true ? .EISDIR : nil), note)
          if outcome == nil {
            there?.links -= 1
            parent.remove(name)
          }
        case 5:
          let outcome = errno { try files.pointee.removeDirectory(path(text), from: base) }
          let expected: Errno? =
            there == nil
            ? .ENOENT
            : there?.isFolder == false
              ? .ENOTDIR : there?.children.isEmpty == false ? .ENOTEMPTY : nil
          #expect(outcome == expected, note)
          if outcome == nil { parent.remove(name) }
        case 6:
          let (newText, newParent, newName) = somewhere(top, names, &random)
          let outcome = errno {
            try files.pointee.rename(path(text), from: base, to: path(newText), from: base)
          }
          #expect(outcome == rename(parent, name, newParent, newName), note)
        case 7:
          let (newText, newParent, newName) = somewhere(top, names, &random)
          let outcome = errno {
            let target = try files.pointee.resolve(path(text), from: base, .noFollow)
            defer { files.pointee.release(target) }
            try files.pointee.makeLink(path(newText), from: base, to: target)
          }
          let expected: Errno? =
            there == nil
            ? .ENOENT
            : there?.isFolder == true
              ? .EPERM : newParent.children[newName] != nil ? .EEXIST : nil
          #expect(outcome == expected, note)
          if outcome == nil, let there {
            there.links += 1
            newParent.add(newName, there)
          }
        default:
          let (newText, newParent, newName) = somewhere(top, names, &random)
          let outcome = errno {
            try files.pointee.rename(
              path(text), from: base, to: path(newText), from: base, .exchange)
          }
          #expect(outcome == exchange(parent, name, newParent, newName), note)
        }
        if step % 16 == 0 {
          files.pointee.checkInvariants()
          try compare(top, "/tmp", files, note)
        }
      }
      try compare(top, "/tmp", files, "seed \(seed)")
      try empty(top, "/tmp", files)
      files.pointee.checkInvariants()
      check(try files.pointee.names("/tmp") == [".", ".."])
      #expect(machine.slabPages <= before + 64)
      machine.slab.pointee.checkInvariants()
      machine.end()
    }
  }

  /// A random folder of the tree and a name that may or may not be in it.
  private func somewhere(
    _ top: ModelNode, _ names: [String], _ random: inout Random
  ) -> (String, ModelNode, String) {
    var folder = top
    var text = "/tmp"
    while Int.random(in: 0..<3, using: &random) > 0 {
      let folders = folder.children.filter { $0.value.isFolder }.keys.sorted()
      guard let next = folders.randomElement(using: &random), let node = folder.children[next]
      else { break }
      text += Bool.random(using: &random) ? "/" + next : "//./" + next
      folder = node
    }
    let name = names.randomElement(using: &random) ?? "n0"
    return (text + "/" + name, folder, name)
  }

  private func rename(
    _ parent: ModelNode, _ name: String, _ newParent: ModelNode, _ newName: String
  ) -> Errno? {
    guard let source = parent.children[name] else { return .ENOENT }
    let target = newParent.children[newName]
    if source.isFolder, source.holds(newParent) { return .EINVAL }
    if let target, target.holds(parent) { return .ENOTEMPTY }
    if let target {
      if target === source { return nil }
      if source.isFolder, !target.isFolder { return .ENOTDIR }
      if !source.isFolder, target.isFolder { return .EISDIR }
      if !target.children.isEmpty { return .ENOTEMPTY }
      target.links -= 1
    }
    parent.remove(name)
    newParent.add(newName, source)
    return nil
  }

  private func exchange(
    _ parent: ModelNode, _ name: String, _ newParent: ModelNode, _ newName: String
  ) -> Errno? {
    guard let source = parent.children[name] else { return .ENOENT }
    guard let target = newParent.children[newName] else { return .ENOENT }
    if source.isFolder, source.holds(newParent) { return .EINVAL }
    if target.holds(parent) { return .EINVAL }
    if source === target { return nil }
    parent.remove(name)
    newParent.remove(newName)
    newParent.add(newName, source)
    parent.add(name, target)
    return nil
  }

  private func compare(
    _ node: ModelNode, _ text: String, _ files: KernelPointer<FileSystem<HostBoard>>,
    _ note: Comment
  ) throws {
    check(try files.pointee.names(text, room: 200) == [".", ".."] + node.order, note)
    for (name, child) in node.children {
      let dentry = try files.pointee.resolve(
        path(text + "/" + name), from: files.pointee.root, .noFollow)
      defer { files.pointee.release(dentry) }
      let data = files.pointee.metadata(of: dentry.pointee.inode)
      switch child.kind {
      case .folder:
        #expect(data.mode == 0o040755, note)
        #expect(Int(data.links) == 2 + child.children.values.filter(\.isFolder).count, note)
        try compare(child, text + "/" + name, files, note)
      case .file:
        #expect(data.size == 3 && Int(data.links) == child.links, note)
      case .link(let target):
        var found = ""
        _ = try files.pointee.readLink(dentry, ByteCount(4096)) { piece in
          found = piece.text
          return piece.count
        }
        #expect(found == target, note)
      }
    }
  }

  private func empty(
    _ node: ModelNode, _ text: String, _ files: KernelPointer<FileSystem<HostBoard>>
  ) throws {
    for (name, child) in node.children {
      let inner = text + "/" + name
      if child.isFolder {
        try empty(child, inner, files)
        try files.pointee.removeDirectory(path(inner), from: files.pointee.root)
      } else {
        try files.pointee.unlink(path(inner), from: files.pointee.root)
      }
    }
  }
}

extension TestMachine {
  /// Frames that slabs hold.
  var slabPages: Int {
    frames.pointee.statistic(.nr_slab_reclaimable)
      + frames.pointee.statistic(.nr_slab_unreclaimable)
  }
}
