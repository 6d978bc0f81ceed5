import BoardFormat
import Glibc

/// The files a guest sees when it starts, by absolute path.
struct GuestTree {
  /// One file, folder or link.
  struct Node {
    var content: Content
    /// Permissions, without the type.
    var permissions: UInt32
    /// Seconds since 1970.
    var modified: UInt64
    var store: ArchiveEntry.Store

    /// What a node holds.
    enum Content: Equatable {
      case folder
      /// A link and what it says.
      case link(String)
      /// A file of the host and its size when it was seen.
      case file(host: String, size: UInt64)
    }

    /// A folder on tmpfs, with the initramfs's time.
    static func folder(permissions: UInt32) -> Self {
      Self(content: .folder, permissions: permissions, modified: 0, store: .memory)
    }
  }

  private(set) var nodes: [String: Node] = [:]

  /// The folders that every guest has: those of the init that Linux was recorded with.
  init() {
    for path in ["/", "/bin", "/dev", "/proc", "/run", "/sys", "/tmp"] {
      nodes[path] = .folder(permissions: path == "/tmp" ? 0o1777 : 0o755)
    }
  }

  /// Adds a host's file or folder with all that is in it, in place of what stood at `path`; what
  /// comes to `/` joins what is there.
  ///
  /// Links in it stay links. Sockets, pipes and devices are left out: they mean nothing elsewhere.
  mutating func add(host: String, at path: String, store: ArchiveEntry.Store)
    throws(MachineError)
  {
    guard let status = HostFile.status(host, following: true) else {
      throw .failure("\(host): \(HostFile.reason())")
    }
    guard status.isFolder || status.isRegular else {
      throw .failure("\(host) is neither a file nor a folder")
    }
    let path = GuestPath.normalized(path)
    if store == .boundTop, ["/proc", "/sys", "/dev"].contains(path) {
      throw .usage("--bind \(host):\(path):rw: the kernel's own files are there")
    }
    addFolders(above: path)
    if path != "/" { remove(path) }
    try add(host: host, status, at: path, store: store)
  }

  /// All nodes in the order of the archive: that of their bytes, so that a folder comes before
  /// what is in it.
  var ordered: [(path: String, node: Node)] {
    nodes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { ($0.key, $0.value) }
  }

  private mutating func add(
    host: String, _ status: HostFile.Status, at path: String, store: ArchiveEntry.Store
  ) throws(MachineError) {
    // The kernel fills these itself.
    if ["/proc", "/sys", "/dev"].contains(path) { return }
    var node = Node(
      content: .folder, permissions: status.mode & 0o7777, modified: status.modified, store: store)
    if status.isLink {
      guard let target = HostFile.target(of: host) else {
        throw .failure("\(host): the link cannot be read, or what it says is not UTF-8")
      }
      node.content = .link(target)
      node.permissions = 0o777
    } else if status.isRegular {
      node.content = .file(host: host, size: status.size)
    } else if !status.isFolder {
      return
    }
    nodes[path] = node
    guard status.isFolder else { return }
    for name in try HostFile.names(in: host) {
      let inside = GuestPath.joined(host, name)
      guard let status = HostFile.status(inside, following: false) else { continue }
      try add(
        host: inside, status, at: GuestPath.joined(path, name),
        store: store == .boundTop ? .bound : store)
    }
  }

  /// Adds one program as the recorded machines have theirs: on tmpfs, with the initramfs's time.
  mutating func addProgram(host: String, size: UInt64, at path: String) {
    addFolders(above: path)
    nodes[path] = Node(
      content: .file(host: host, size: size), permissions: 0o755, modified: 0, store: .memory)
  }

  /// The node that a path leads to through links, with its own path; nil where there is none.
  func resolve(_ path: String) -> (path: String, node: Node)? {
    var pending = GuestPath.components(path)[...]
    var reached = "/"
    var links = 0
    while let name = pending.popFirst() {
      if name == ".." {
        reached = GuestPath.parent(of: reached)
        continue
      }
      let next = GuestPath.joined(reached, name)
      guard let node = nodes[next] else { return nil }
      if case .link(let target) = node.content {
        // As fs/namei.c:pick_link() counts them, to MAXSYMLINKS.
        links += 1
        guard links <= 40 else { return nil }
        if target.hasPrefix("/") { reached = "/" }
        pending = (GuestPath.components(target) + pending)[...]
      } else {
        reached = next
      }
    }
    return nodes[reached].map { (reached, $0) }
  }

  private mutating func addFolders(above path: String) {
    var folder = GuestPath.parent(of: path)
    while nodes[folder]?.content != .folder {
      nodes[folder] = .folder(permissions: 0o755)
      folder = GuestPath.parent(of: folder)
    }
  }

  private mutating func remove(_ path: String) {
    nodes[path] = nil
    nodes = nodes.filter { !$0.key.hasPrefix(path + "/") }
  }
}

/// Arithmetic of absolute paths.
enum GuestPath {
  static func components(_ path: String) -> [String] {
    path.split(separator: "/").map(String.init).filter { $0 != "." }
  }

  /// The path without empty and `.` components; `..` stays within the root.
  static func normalized(_ path: String) -> String {
    var kept: [String] = []
    for name in components(path) {
      if name == ".." { _ = kept.popLast() } else { kept.append(name) }
    }
    return "/" + kept.joined(separator: "/")
  }

  static func joined(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  static func name(of path: String) -> String {
    components(path).last ?? path
  }
}
