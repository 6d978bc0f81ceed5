import Glibc

/// Changes a folder of the host into what the guest left of it.
///
/// Three passes. First, files that only got other names step aside under names of ours, in the
/// folders they are in. Then everything that is new or changed is made: written beside under a name
/// of ours, and renamed when it is whole. Only if all of that went well is what the guest removed
/// removed, and the folders get their permissions and times. Every step is by one name in a folder
/// that is held open, never through a link, so no name, link or race leads out of the folder.
@safe
struct ExportApplier {
  private let root: HostFolder
  private let originals: [Int: OriginalNode]
  /// Their bytes, which stay as long as the board file.
  ///
  /// SAFETY: the caller keeps the board file while this is used.
  private let bytes: (OriginalNode) -> UnsafeRawBufferPointer?
  /// What could not be done, each with the file.
  private(set) var problems: [String] = []
  /// How many files, folders and links were made, changed or removed.
  private(set) var changes = 0

  /// Files that stepped aside, by origin: the folder and the name they have meanwhile.
  private var moved: [Int: (folder: HostFolder, name: [UInt8])] = [:]
  /// The first name of each file with several.
  private var firstNames: [UInt64: (folder: HostFolder, name: [UInt8])] = [:]
  private var names = 0

  /// - Parameters:
  ///   - originals: what the guest got, by entry plus one.
  ///   - bytes: the bytes of one of them.
  init(
    _ root: HostFolder, originals: [Int: OriginalNode],
    bytes: @escaping (OriginalNode) -> UnsafeRawBufferPointer?
  ) {
    self.root = root
    self.originals = originals
    unsafe self.bytes = bytes
  }

  /// Applies a folder's tree.
  mutating func apply(folder top: ExportedNode) {
    stepAside(top)
    create(top, in: root, path: [])
    stepBack()
    guard problems.isEmpty else { return }
    remove(below: [], in: root, Shape(top), places)
    guard problems.isEmpty else { return }
    finishFolders(top, in: root, path: [])
  }

  /// Applies a bound file: its contents, permissions and time.
  mutating func apply(file node: ExportedNode, name: [UInt8]) {
    if node.isChanged { write(node, as: name, in: root) }
    setMetadata(node, name, in: root, isNew: node.isChanged)
  }

  private mutating func fail(_ folder: HostFolder, _ name: [UInt8], _ reason: String? = nil) {
    problems.append("\(folder.path(of: name)): \(reason ?? HostFile.reason())")
  }

  /// A name of ours, which nobody has.
  private mutating func ourName() -> [UInt8] {
    names += 1
    return Array(".kilburn-\(getpid())-\(names)".utf8)
  }

  // MARK: Files that only moved

  private mutating func stepAside(_ top: ExportedNode) {
    var places: [Int: [[UInt8]]] = [:]
    var stays: Set<Int> = []
    func visit(_ node: ExportedNode, _ path: [[UInt8]]) {
      for child in node.children {
        let place = path + [child.name]
        if child.isFolder { visit(child, place) }
        guard child.isRegular, child.origin != 0, !child.isChanged,
          let original = originals[child.origin], original.isRegular
        else { continue }
        if original.path == place { stays.insert(child.origin) }
        places[child.origin] = original.path
      }
    }
    visit(top, [])
    for (origin, path) in places where !stays.contains(origin) {
      guard let name = path.last, let folder = openFolder(path.dropLast()) else { continue }
      let aside = ourName()
      if folder.rename(name, to: folder, aside) {
        moved[origin] = (folder, aside)
      } else {
        fail(folder, name)
      }
    }
  }

  /// What stepped aside and got no other name, because something failed, gets its own back.
  private func stepBack() {
    for (origin, aside) in moved {
      guard let name = originals[origin]?.path.last, aside.folder.status(name) == nil else {
        continue
      }
      _ = aside.folder.rename(aside.name, to: aside.folder, name)
    }
  }

  private func openFolder(_ path: some Sequence<[UInt8]>) -> HostFolder? {
    var folder = root
    for name in path {
      guard let next = folder.folder(name) else { return nil }
      folder = next
    }
    return folder
  }

  // MARK: What is new or changed

  private mutating func create(_ node: ExportedNode, in folder: HostFolder, path: [[UInt8]]) {
    guard path.count <= 400 else { return fail(folder, [], "too many folders in each other") }
    for child in node.children {
      let place = path + [child.name]
      if child.isFolder {
        createFolder(child, in: folder, place)
      } else if child.isRegular {
        createFile(child, in: folder, place)
      } else if child.isLink {
        createLink(child, in: folder)
      }
      // Pipes, sockets and devices mean nothing elsewhere: they stay in the guest.
    }
  }

  private mutating func createFolder(
    _ child: ExportedNode, in folder: HostFolder, _ place: [[UInt8]]
  ) {
    let there = folder.status(child.name)
    if there.map({ $0.st_mode & S_IFMT != S_IFDIR }) ?? true {
      if there != nil, !folder.remove(child.name) { return fail(folder, child.name) }
      guard folder.makeFolder(child.name) else { return fail(folder, child.name) }
      changes += 1
    }
    guard let inside = folder.folder(child.name) else { return fail(folder, child.name) }
    create(child, in: inside, path: place)
  }

  private mutating func createFile(
    _ child: ExportedNode, in folder: HostFolder, _ place: [[UInt8]]
  ) {
    if let first = firstNames[child.identity] {
      return addName(child, in: folder, first)
    }
    firstNames[child.identity] = (folder, child.name)
    if child.origin != 0, !child.isChanged, let original = originals[child.origin] {
      if original.path != place {
        if let aside = moved.removeValue(forKey: child.origin) {
          guard clear(child.name, in: folder),
            aside.folder.rename(aside.name, to: folder, child.name)
          else { return fail(folder, child.name) }
          changes += 1
        } else {
          // The file is still where it was, and has this name too.
          guard let name = original.path.last, let home = openFolder(original.path.dropLast())
          else { return fail(folder, child.name) }
          addName(child, in: folder, (home, name))
        }
      }
      setMetadata(child, child.name, in: folder, isNew: false)
      return
    }
    guard clear(child.name, in: folder) else { return }
    write(child, as: child.name, in: folder)
    setMetadata(child, child.name, in: folder, isNew: true)
  }

  private mutating func addName(
    _ child: ExportedNode, in folder: HostFolder, _ first: (folder: HostFolder, name: [UInt8])
  ) {
    if let a = folder.status(child.name), let b = first.folder.status(first.name),
      a.st_ino == b.st_ino, a.st_dev == b.st_dev
    {
      return
    }
    let aside = ourName()
    guard clear(child.name, in: folder), folder.link(aside, from: first.folder, first.name) else {
      return fail(folder, child.name)
    }
    guard folder.rename(aside, to: folder, child.name) else {
      fail(folder, child.name)
      _ = folder.remove(aside)
      return
    }
    changes += 1
  }

  private mutating func createLink(_ child: ExportedNode, in folder: HostFolder) {
    if let status = folder.status(child.name), status.st_mode & S_IFMT == S_IFLNK,
      folder.target(child.name) == child.target
    {
      return
    }
    let aside = ourName()
    guard clear(child.name, in: folder), folder.makeLink(aside, to: child.target) else {
      return fail(folder, child.name)
    }
    guard folder.rename(aside, to: folder, child.name) else {
      fail(folder, child.name)
      _ = folder.remove(aside)
      return
    }
    changes += 1
  }

  /// Makes way for a file where a folder stood that the guest removed; false if it cannot.
  private mutating func clear(_ name: [UInt8], in folder: HostFolder) -> Bool {
    guard let there = folder.status(name), there.st_mode & S_IFMT == S_IFDIR else { return true }
    guard let inside = folder.folder(name) else { return false }
    removeAll(in: inside, at: pathOfFolder(inside), places)
    return folder.remove(name, isFolder: true)
  }

  /// What the guest got, by the folder that it was in.
  private var places: [[[UInt8]]: [OriginalNode]] {
    Dictionary(grouping: originals.values, by: { Array($0.path.dropLast()) })
  }

  /// The names from the top to a folder, from its path in messages.
  private func pathOfFolder(_ folder: HostFolder) -> [[UInt8]] {
    let rest = folder.path.utf8.dropFirst(root.path.utf8.count)
    return rest.split(separator: UInt8(ascii: "/")).map(Array.init)
  }

  /// Writes a file beside, whole, and gives it its name then.
  private mutating func write(_ node: ExportedNode, as name: [UInt8], in folder: HostFolder) {
    let aside = ourName()
    let file = folder.makeFile(aside)
    guard file >= 0 else { return fail(folder, name) }
    let isWhole = fill(file, node)
    let error = errno
    close(file)
    guard isWhole, folder.rename(aside, to: folder, name) else {
      fail(folder, name, HostFile.reason(isWhole ? errno : error))
      _ = folder.remove(aside)
      return
    }
    changes += 1
  }

  private func fill(_ file: Int32, _ node: ExportedNode) -> Bool {
    if let original = originals[node.origin], let bytes = unsafe bytes(original), node.base > 0 {
      let count = Int(min(node.base, original.size, UInt64(bytes.count)))
      guard unsafe Self.write(file, UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: 0)
      else { return false }
    }
    for piece in node.pieces {
      let isWritten = unsafe piece.bytes.withUnsafeBytes {
        unsafe Self.write(file, $0, at: piece.place)
      }
      guard isWritten else { return false }
    }
    return ftruncate(file, off_t(node.size)) == 0
  }

  private static func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at place: UInt64)
    -> Bool
  {
    var done = 0
    while done < bytes.count {
      let start = unsafe bytes.baseAddress.map { unsafe $0 + done }
      let count = unsafe pwrite(file, start, bytes.count - done, off_t(place) + off_t(done))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  /// Gives a file what else the guest changed.
  ///
  /// Never a set-ID bit: a program that runs as somebody else is not the guest's to make.
  private mutating func setMetadata(
    _ node: ExportedNode, _ name: [UInt8], in folder: HostFolder, isNew: Bool
  ) {
    let original = originals[node.origin]
    let mode = node.mode & 0o777
    if isNew || original.map({ $0.permissions & 0o7777 != node.mode & 0o7777 }) ?? true {
      if !folder.setMode(name, mode) { fail(folder, name) }
      if !isNew { changes += 1 }
    }
    let isSameTime = original.map { $0.seconds == node.seconds && node.nanoseconds == 0 } ?? false
    if isNew || !isSameTime {
      if !folder.setTime(name, node.seconds, Int64(node.nanoseconds)) { fail(folder, name) }
    }
  }

  // MARK: What the guest removed

  /// The names that a folder has now.
  private struct Shape {
    var folders: [[UInt8]: Shape] = [:]
    var others: Set<[UInt8]> = []

    init(_ node: ExportedNode) {
      for child in node.children {
        if child.isFolder {
          folders[child.name] = Shape(child)
        } else if child.isRegular || child.isLink {
          others.insert(child.name)
        }
      }
    }
  }

  private mutating func remove(
    below path: [[UInt8]], in folder: HostFolder, _ shape: Shape,
    _ places: [[[UInt8]]: [OriginalNode]]
  ) {
    for original in places[path] ?? [] {
      guard let name = original.path.last else { continue }
      if let inside = shape.folders[name] {
        guard original.isFolder, let next = folder.folder(name) else { continue }
        remove(below: original.path, in: next, inside, places)
      } else if !shape.others.contains(name) {
        removeOriginal(original, name, in: folder, places)
      }
    }
  }

  private mutating func removeOriginal(
    _ original: OriginalNode, _ name: [UInt8], in folder: HostFolder,
    _ places: [[[UInt8]]: [OriginalNode]]
  ) {
    guard let there = folder.status(name) else { return }
    let isFolder = there.st_mode & S_IFMT == S_IFDIR
    guard isFolder == original.isFolder else { return }
    if isFolder, let inside = folder.folder(name) {
      removeAll(in: inside, at: original.path, places)
    }
    if folder.remove(name, isFolder: isFolder) { changes += 1 } else { fail(folder, name) }
  }

  /// Removes what the guest was shown of a folder; what it never saw stays.
  private mutating func removeAll(
    in folder: HostFolder, at path: [[UInt8]], _ places: [[[UInt8]]: [OriginalNode]]
  ) {
    for original in places[path] ?? [] {
      guard let name = original.path.last else { continue }
      removeOriginal(original, name, in: folder, places)
    }
  }

  // MARK: Folders, when all in them is done

  private mutating func finishFolders(
    _ node: ExportedNode, in folder: HostFolder, path: [[UInt8]]
  ) {
    for child in node.children where child.isFolder {
      guard let inside = folder.folder(child.name) else { continue }
      finishFolders(child, in: inside, path: path + [child.name])
    }
    let original = originals[node.origin]
    let here = Array(".".utf8)
    let isSame = original.map { $0.path == path } ?? false
    let mode = node.mode & 0o1777
    if !isSame || (original?.permissions ?? 0) & 0o1777 != mode {
      if !folder.setMode(here, mode) { fail(folder, []) }
    }
    // Also where only our own work changed it.
    let isSameTime =
      isSame && original?.seconds == node.seconds && node.nanoseconds == 0
      && folder.status(here).map { Int64($0.st_mtim.tv_sec) == node.seconds } ?? false
    if !isSameTime, !folder.setTime(here, node.seconds, Int64(node.nanoseconds)) {
      fail(folder, [])
    }
  }
}
