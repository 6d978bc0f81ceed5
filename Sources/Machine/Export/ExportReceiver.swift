import BoardFormat

/// Takes apart what the kernel sends of the folders that are taken back (``ExportRecord``).
///
/// The guest is not trusted, nor is what its kernel says: whatever is not as the format wants it
/// ends the reading, and then nothing is worth anything.
struct ExportReceiver {
  /// The trees, by the entry of the archive that each began as, plus one; complete only if
  /// ``isComplete``.
  private(set) var trees: [(origin: Int, top: ExportedNode)] = []
  private(set) var isComplete = false
  /// What was wrong.
  private(set) var problem: String?
  /// Whether anything came at all.
  var hasBegun: Bool { !trees.isEmpty || expectsTop || !pending.isEmpty || isComplete }

  private var pending: [UInt8] = []
  private var open: [ExportedNode] = []
  private var names: [Set<[UInt8]>] = []
  private var file: ExportedNode?
  private var expectsTop = false
  private var topOrigin = 0
  private var bytesLeft: UInt64
  private var nodesLeft = 4_000_000

  /// - Parameter limit: the most bytes of files that there can be: no more than the guest's RAM.
  init(limit: UInt64) { bytesLeft = limit }

  /// Takes what came.
  mutating func receive(_ bytes: some Collection<UInt8>) {
    guard problem == nil else { return }
    pending += bytes
    var place = 0
    while problem == nil, pending.count - place >= ExportRecord.size {
      let record = unsafe pending.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: place, as: ExportRecord.self)
      }
      guard record.length <= 1 << 16 else {
        problem = "a record that is too long"
        break
      }
      let end = place + ExportRecord.size + Int(record.length)
      guard pending.count >= end else { break }
      take(record, pending[(place + ExportRecord.size)..<end])
      place = end
    }
    pending.removeFirst(place)
  }

  private mutating func take(_ record: ExportRecord, _ bytes: ArraySlice<UInt8>) {
    guard !isComplete, let kind = ExportRecord.Kind(rawValue: record.kind) else {
      problem = "a record that there is not"
      return
    }
    switch kind {
    case .begin:
      guard open.isEmpty, !expectsTop, record.origin > 0 else { return fail("a tree in a tree") }
      expectsTop = true
      topOrigin = Int(record.origin)
    case .entry: enter(record, bytes)
    case .data: addData(record, bytes)
    case .leave:
      guard !open.isEmpty else { return fail("the end of no folder") }
      open.removeLast()
      names.removeLast()
      file = nil
    case .finish:
      guard open.isEmpty, !expectsTop else { return fail("an end within a tree") }
      isComplete = true
    }
  }

  private mutating func fail(_ what: String) { problem = what }

  private mutating func enter(_ record: ExportRecord, _ bytes: ArraySlice<UInt8>) {
    guard record.nameLength <= record.length, record.nameLength <= 255 else {
      return fail("a name that is too long")
    }
    let name = Array(bytes.prefix(Int(record.nameLength)))
    let node = ExportedNode(
      name: name, mode: record.mode, origin: Int(record.origin), identity: record.identity,
      size: record.size, base: min(record.base, record.size), seconds: record.seconds,
      nanoseconds: min(record.nanoseconds, 999_999_999), isChanged: record.isChanged != 0,
      target: Array(bytes.dropFirst(Int(record.nameLength))))
    nodesLeft -= 1
    guard nodesLeft > 0, record.size <= UInt64(Int64.max) else { return fail("too much") }
    guard node.isLink ? !node.target.isEmpty && !node.target.contains(0) : node.target.isEmpty
    else { return fail("a link without a target") }
    if expectsTop {
      guard name.isEmpty, node.isFolder || node.isRegular else { return fail("a tree with a name") }
      expectsTop = false
      trees.append((topOrigin, node))
    } else {
      guard let folder = open.last else { return fail("an entry in no folder") }
      guard Self.isPlain(name), names[names.count - 1].insert(name).inserted else {
        return fail("a name that no file can have")
      }
      folder.children.append(node)
    }
    file = node.isRegular ? node : nil
    if node.isFolder {
      guard open.count < 4096 else { return fail("too many folders in each other") }
      open.append(node)
      names.append([])
    }
  }

  private mutating func addData(_ record: ExportRecord, _ bytes: ArraySlice<UInt8>) {
    guard let file, file.isChanged else { return fail("data of no file") }
    let (end, overflow) = record.size.addingReportingOverflow(UInt64(bytes.count))
    let last = file.pieces.last.map { $0.place + UInt64($0.bytes.count) } ?? 0
    guard !overflow, end <= file.size, record.size >= last, UInt64(bytes.count) <= bytesLeft else {
      return fail("data that has no place")
    }
    bytesLeft -= UInt64(bytes.count)
    file.pieces.append((record.size, Array(bytes)))
  }

  /// Whether a name is one that a file in a folder can have.
  static func isPlain(_ name: [UInt8]) -> Bool {
    !name.isEmpty && name.count <= 255 && name != [0x2E] && name != [0x2E, 0x2E]
      && !name.contains(0) && !name.contains(0x2F)
  }
}
