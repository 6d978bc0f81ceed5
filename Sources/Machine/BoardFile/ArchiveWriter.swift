import BoardFormat

/// The archive of a tree: first its layout, which says how large it is, then its bytes.
struct ArchiveWriter {
  /// Each file's contents begin on such a boundary, so that every page size can map them.
  static let alignment: UInt64 = 1 << 16

  private var header = ArchiveHeader()
  private(set) var entries: [ArchiveEntry] = []
  private var names: [UInt8] = []
  /// Where each file of the host goes.
  private var files: [(host: String, place: UInt64, size: UInt64)] = []
  /// The bytes it takes.
  private(set) var length: UInt64 = 0

  init(_ tree: GuestTree) {
    let nodes = tree.ordered
    header.count = UInt64(nodes.count)
    header.entries = 64
    header.names = 64 + header.count * UInt64(MemoryLayout<ArchiveEntry>.stride)

    // The links' targets follow the names.
    var links: [(entry: Int, target: [UInt8])] = []
    for (path, node) in nodes {
      var entry = ArchiveEntry()
      entry.name = UInt32(names.count)
      entry.nameLength = UInt32(path.utf8.count)
      names += path.utf8
      entry.store = node.store
      entry.modified = node.modified
      switch node.content {
      case .folder: entry.mode = 0o040000 | node.permissions
      case .link(let target):
        entry.mode = 0o120000 | node.permissions
        links.append((entries.count, Array(target.utf8)))
      case .file(_, let size):
        entry.mode = 0o100000 | node.permissions
        entry.size = size
      }
      entries.append(entry)
    }
    for (index, target) in links {
      entries[index].data = header.names + UInt64(names.count)
      entries[index].size = UInt64(target.count)
      names += target
    }
    length = header.names + UInt64(names.count)
    for (index, (_, node)) in nodes.enumerated() {
      guard case .file(let host, let size) = node.content, size > 0 else { continue }
      length = (length + Self.alignment - 1) & ~(Self.alignment - 1)
      entries[index].data = length
      files.append((host, length, size))
      length += size
    }
    // What is changed of a folder that the tool takes back has a disk to be written to.
    if nodes.contains(where: { $0.1.store == .boundTop }) {
      header.blocks = (length + Self.alignment - 1) & ~(Self.alignment - 1)
      header.blocksLength = Self.diskSize
      length = header.blocks + header.blocksLength
    }
  }

  /// The room for written pages, a hole of the file until they come.
  static let diskSize: UInt64 = 1 << 30

  /// Writes the archive to memory that is zero.
  func write(to area: UnsafeMutableRawBufferPointer) throws(MachineError) {
    unsafe area.storeBytes(of: header, as: ArchiveHeader.self)
    for (index, entry) in entries.enumerated() {
      let place = Int(header.entries) + index * MemoryLayout<ArchiveEntry>.stride
      unsafe area.storeBytes(of: entry, toByteOffset: place, as: ArchiveEntry.self)
    }
    unsafe UnsafeMutableRawBufferPointer(rebasing: area[Int(header.names)...]).copyBytes(
      from: names)
    for file in files {
      let place = Int(file.place)
      let bytes = unsafe area[place..<place + Int(file.size)]
      try unsafe HostFile.read(file.host, into: UnsafeMutableRawBufferPointer(rebasing: bytes))
    }
  }
}
