import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames

/// Puts an archive together, correct or broken.
struct ArchiveBuilder {
  struct File {
    var path: String
    var mode: UInt32
    var store: ArchiveEntry.Store
    var data: [UInt8]
  }
  var files: [File] = []

  mutating func folder(_ path: String) {
    files.append(File(path: path, mode: 0o040755, store: .memory, data: []))
  }

  mutating func file(
    _ path: String, _ data: [UInt8], _ store: ArchiveEntry.Store = .memory, mode: UInt32 = 0o100755
  ) {
    files.append(File(path: path, mode: mode, store: store, data: data))
  }

  mutating func link(_ path: String, _ target: String) {
    files.append(File(path: path, mode: 0o120777, store: .memory, data: Array(target.utf8)))
  }

  func build(change: (inout [ArchiveEntry], inout ArchiveHeader) -> Void = { _, _ in }) -> [UInt8] {
    let headerSize = MemoryLayout<ArchiveHeader>.stride
    let entrySize = MemoryLayout<ArchiveEntry>.stride
    var names: [UInt8] = []
    var entries: [ArchiveEntry] = []
    var header = ArchiveHeader()
    header.count = UInt64(files.count)
    header.entries = UInt64(headerSize)
    header.names = UInt64(headerSize + entrySize * files.count)
    let namesLength = files.reduce(0) { $0 + $1.path.utf8.count }
    var place = (Int(header.names) + namesLength + 0xFFFF) & ~0xFFFF
    var contents: [(Int, [UInt8])] = []
    for file in files {
      var entry = ArchiveEntry()
      entry.name = UInt32(names.count)
      entry.nameLength = UInt32(file.path.utf8.count)
      names += Array(file.path.utf8)
      entry.mode = file.mode
      entry.store = file.store
      entry.size = UInt64(file.data.count)
      entry.modified = 1_700_000_000
      if !file.data.isEmpty {
        entry.data = UInt64(place)
        contents.append((place, file.data))
        place = (place + file.data.count + 0xFFFF) & ~0xFFFF
      }
      entries.append(entry)
    }
    change(&entries, &header)
    var bytes = [UInt8](repeating: 0, count: place)
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe bytes.storeBytes(of: header, as: ArchiveHeader.self)
      for (index, entry) in entries.enumerated() {
        unsafe bytes.storeBytes(
          of: entry, toByteOffset: headerSize + index * entrySize, as: ArchiveEntry.self)
      }
    }
    let start = headerSize + entrySize * files.count
    bytes.replaceSubrange(start..<start + names.count, with: names)
    for (place, data) in contents { bytes.replaceSubrange(place..<place + data.count, with: data) }
    return bytes
  }
}
