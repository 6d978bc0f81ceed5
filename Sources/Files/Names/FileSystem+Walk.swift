import Arm64
public import MemoryTypes

/// The folder that a path's last name is in, and that name: what creating and removing need.
struct LastName: BitwiseCopyable {
  /// The folder; a reference comes with it.
  var folder: KernelPointer<Dentry>
  /// The bytes of the last name; empty where the path is only slashes.
  var name: ByteString
  /// Whether slashes follow it, so that it must be a folder.
  var hasTrailingSlash: Bool
  /// The links followed so far.
  var links: Int

  var isDot: Bool { name == "." }
  var isDotDot: Bool { name == ".." }
  /// Whether the path names the root, `.` or `..`.
  var isSpecial: Bool { name.isEmpty || isDot || isDotDot }
}

extension FileSystem {
  /// The longest path without its terminating zero (PATH_MAX - 1).
  public static var maximumPath: Int { 4095 }
  /// How many links a walk follows (MAXSYMLINKS).
  static var maximumLinks: Int { 40 }

  /// Finds what a path names, from a folder on, and adds a reference to it.
  ///
  /// An absolute path begins at the root, whatever `base` is. As fs/namei.c: path_lookupat().
  public func resolve(
    _ path: ByteString, from base: KernelPointer<Dentry>, _ options: LookupOptions = []
  ) throws(Errno) -> KernelPointer<Dentry> {
    if path.isEmpty {
      guard options.contains(.emptyPath) else { throw .ENOENT }
      retain(base)
      return base
    }
    let last = try walk(path, from: base, links: 0)
    return try finish(last, options)
  }

  /// The step from the last name to what it names; drops the folder's reference.
  func finish(
    _ last: LastName, _ options: LookupOptions
  ) throws(Errno) -> KernelPointer<Dentry> {
    var last = last
    while true {
      let found: KernelPointer<Dentry>
      do throws(Errno) {
        guard let child = try step(last.name, from: last.folder) else { throw Errno.ENOENT }
        found = child
      } catch {
        release(last.folder)
        throw error
      }
      let mustBeFolder = last.hasTrailingSlash || options.contains(.directory)
      let inode = found.pointee.inode
      guard inode.pointee.isSymbolicLink, last.hasTrailingSlash || !options.contains(.noFollow)
      else {
        release(last.folder)
        return try check(found, isFolder: mustBeFolder)
      }
      let lead: LinkLead
      do throws(Errno) {
        guard last.links < Self.maximumLinks else { throw Errno.ELOOP }
        lead = try self.lead(of: found)
      } catch {
        release(found)
        release(last.folder)
        throw error
      }
      release(found)
      let folder = last.folder
      defer { release(folder) }
      switch lead {
      case .place(let place):
        return try check(place, isFolder: mustBeFolder)
      case .path(let text):
        var next = try walk(text, from: folder, links: last.links &+ 1)
        if last.hasTrailingSlash { next.hasTrailingSlash = true }
        last = next
      }
    }
  }

  private func check(
    _ found: KernelPointer<Dentry>, isFolder: Bool
  ) throws(Errno) -> KernelPointer<Dentry> {
    guard !isFolder || found.pointee.inode.pointee.isDirectory else {
      release(found)
      throw .ENOTDIR
    }
    return found
  }

  /// Walks all of a path but its last name.
  ///
  /// Links on the way are followed without recursion: what is left of the path waits on a stack,
  /// as in Linux (`nd->stack`), because the kernel's own is small.
  func walk(
    _ path: ByteString, from base: KernelPointer<Dentry>, links: Int
  ) throws(Errno) -> LastName {
    guard path.count <= Self.maximumPath else { throw .ENAMETOOLONG }
    var waiting = InlineArray<40, ByteString>(repeating: "")
    var depth = 0
    var rest = path
    var links = links
    let caller = caller
    let rules = state.pointee.rules
    let top = rules.contains(.inRoot) ? base : caller?.root ?? root
    if rules.contains(.beneath), rest.first == 0x2F { throw .EXDEV }
    // Every folder on the way must let the caller through (may_lookup()).
    let isChecked = caller.map { $0.credentials.pointee.fileUser != 0 } ?? false
    var current = rest.first == 0x2F ? top : base
    retain(current)
    var trailing = false
    do throws(Errno) {
      while true {
        let name = rest.takeName()
        if name.isEmpty {
          // Only slashes: the root, or the end of a link's text.
          guard depth > 0 else {
            return LastName(folder: current, name: name, hasTrailingSlash: true, links: links)
          }
          depth &-= 1
          rest = waiting[depth]
          continue
        }
        guard name.count <= Dentry.maximumName else { throw Errno.ENAMETOOLONG }
        guard current.pointee.inode.pointee.isDirectory else { throw Errno.ENOTDIR }
        if isChecked { try check(.execute, of: current.pointee.inode) }
        trailing = rest.first == 0x2F
        rest.dropSlashes()
        if rest.isEmpty, depth == 0 {
          return LastName(folder: current, name: name, hasTrailingSlash: trailing, links: links)
        }
        guard let child = try step(name, from: current) else { throw Errno.ENOENT }
        guard child.pointee.inode.pointee.isSymbolicLink else {
          release(current)
          current = child
          continue
        }
        links &+= 1
        guard links <= Self.maximumLinks else {
          release(child)
          throw Errno.ELOOP
        }
        let lead: LinkLead
        do throws(Errno) {
          lead = try self.lead(of: child)
        } catch {
          release(child)
          throw error
        }
        release(child)
        switch lead {
        case .place(let place):
          release(current)
          current = place
        case .path(let text):
          if rules.contains(.beneath), text.first == 0x2F { throw Errno.EXDEV }
          if !rest.isEmpty {
            waiting[depth] = rest
            depth &+= 1
          }
          rest = text
          if text.first == 0x2F {
            retain(top)
            release(current)
            current = top
          }
        }
      }
    } catch {
      release(current)
      throw error
    }
  }

  /// What a name in a folder names, with a reference; nil where there is nothing.
  func step(
    _ name: ByteString, from folder: KernelPointer<Dentry>
  ) throws(Errno) -> KernelPointer<Dentry>? {
    if name.isEmpty || name == "." {
      retain(folder)
      return folder
    }
    if name == ".." {
      // Nobody climbs out of a changed root (follow_dotdot()).
      if state.pointee.rulesBase == folder {
        guard !state.pointee.rules.contains(.beneath) else { throw .EXDEV }
        retain(folder)
        return folder
      }
      let parent = folder == callersRoot ? folder : folder.pointee.parent ?? folder
      retain(parent)
      return parent
    }
    guard folder.pointee.inode.pointee.isDirectory else { throw .ENOTDIR }
    guard name.count <= Dentry.maximumName else { throw .ENAMETOOLONG }
    if let node = folder.pointee.inode.pointee.node {
      return try proceduralChild(name, of: folder, node)
    }
    guard
      let found = names.find(name, in: folder, hash: NameTable.hash(name, in: folder))
    else { return nil }
    retain(found)
    return found
  }
}

extension ByteString {
  var first: UInt8? { count > 0 ? self[0] : nil }

  mutating func dropSlashes() {
    var start = 0
    while start < count, self[start] == 0x2F { start &+= 1 }
    self = self[start..<count]
  }

  /// Takes the first name off a path, and the slashes before it.
  mutating func takeName() -> ByteString {
    dropSlashes()
    let end = firstIndex(of: 0x2F) ?? count
    let name = self[0..<end]
    self = self[end..<count]
    return name
  }
}
