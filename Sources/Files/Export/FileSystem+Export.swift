import Arm64
import BoardFormat
import KernelHeap
import MemoryTypes
import PageFrames

/// Sending what the tool takes back (``ExportRecord``): all folders of `--bind …:rw`, when no
/// process is left.
extension FileSystem {
  /// Whether there is anything to send.
  public var hasExports: Bool {
    for raw in Mount.firstBound..<Mount.maximum where state.pointee.mounts[Int(raw)].top != nil {
      return true
    }
    return false
  }

  /// Sends them, and says at the end that this was all.
  public func export() {
    guard hasExports else { return }
    uncoverAll()
    for raw in Mount.firstBound..<Mount.maximum {
      guard let top = state.pointee.mounts[Int(raw)].top else { continue }
      var begin = ExportRecord()
      begin.kind = ExportRecord.Kind.begin.rawValue
      begin.origin = top.pointee.inode.pointee.origin
      send(begin)
      exportTree(top)
    }
    var finish = ExportRecord()
    finish.kind = ExportRecord.Kind.finish.rawValue
    send(finish)
  }

  /// Takes away what programs mounted, the newest first: what it hid is what there is.
  private func uncoverAll() {
    var raw = Mount.firstBound
    while raw > Mount.firstMounted {
      raw &-= 1
      let mounted = state.pointee.mounts[Int(raw)]
      guard let top = mounted.top, let covered = mounted.covered, let parent = top.pointee.parent
      else { continue }
      unlink(top)
      link(covered, into: parent)
      state.pointee.mounts[Int(raw)].covered = nil
      state.pointee.mounts[Int(raw)].top = nil
    }
  }

  /// A folder before what is in it, without recursion: trees may be deep, the stack is not.
  private func exportTree(_ top: KernelPointer<Dentry>) {
    var here = top
    while true {
      exportEntry(here, isTop: here == top)
      if let child = here.pointee.firstChild {
        here = child
        continue
      }
      // Out of every folder that this was the last of, the empty one itself first.
      if here.pointee.inode.pointee.isDirectory { sendLeave() }
      while here != top, here.pointee.next == nil {
        guard let parent = here.pointee.parent else { return }
        here = parent
        sendLeave()
      }
      guard here != top, let next = here.pointee.next else { return }
      here = next
    }
  }

  private func sendLeave() {
    var leave = ExportRecord()
    leave.kind = ExportRecord.Kind.leave.rawValue
    send(leave)
  }

  private func exportEntry(_ dentry: KernelPointer<Dentry>, isTop: Bool) {
    let inode = dentry.pointee.inode
    var entry = ExportRecord()
    entry.kind = ExportRecord.Kind.entry.rawValue
    entry.origin = inode.pointee.origin
    entry.mode = inode.pointee.mode.rawValue
    entry.identity = inode.pointee.number
    entry.size = inode.pointee.size
    entry.seconds = inode.pointee.modified.seconds
    entry.nanoseconds = inode.pointee.modified.nanoseconds
    let name: ByteString = isTop ? "" : dentry.name
    entry.nameLength = UInt32(name.count)
    var target: ByteString = ""
    if case .symbolicLink(let text) = inode.pointee.kind {
      target = self.text(text, count: Int(inode.pointee.size))
    }
    entry.length = UInt32(name.count &+ target.count)
    var isChanged = false
    if case .regular(.disk(_, let bytes)) = inode.pointee.kind {
      isChanged = inode.pointee.origin == 0 || wasWritten(inode)
      entry.base = bytes
      entry.isChanged = isChanged ? 1 : 0
    }
    send(entry)
    send(name)
    send(target)
    // A file with several names is sent with each; the tool takes the first.
    if isChanged { exportPages(of: inode) }
  }

  /// Whether a file was written to, by calls or through mappings.
  private func wasWritten(_ inode: KernelPointer<Inode>) -> Bool {
    if inode.pointee.isChanged { return true }
    var isDirty = false
    trees.forEachFrame(in: 0..<pageCount(of: inode), of: inode.pointee.pages) { _, frame in
      if frames.pointee.frame(frame).pointee.flags.contains(.dirty) { isDirty = true }
    }
    return isDirty
  }

  /// Every page in RAM, and every one that was written back: those that were only read say what the
  /// origin says.
  private func exportPages(of inode: KernelPointer<Inode>) {
    let size = inode.pointee.size
    trees.forEachEntry(in: 0..<pageCount(of: inode), of: inode.pointee.pages) { index, entry in
      let start = index &<< pageSize.shift
      guard start < size, let source = unsafe bytes(of: entry) else { return }
      var data = ExportRecord()
      data.kind = ExportRecord.Kind.data.rawValue
      data.size = start
      data.length = UInt32(min(pageSize.bytes.rawValue, size &- start))
      send(data)
      send(unsafe ByteString(UnsafeRawBufferPointer(start: source, count: Int(data.length))))
    }
  }

  /// The bytes of a page in RAM or in a block.
  @unsafe private func bytes(of entry: PageTree.Entry) -> UnsafeRawPointer? {
    switch entry {
    case .frame(let frame): unsafe UnsafeRawPointer(board.pointer(to: frame.address(pageSize)))
    case .value(let value):
      unsafe DiskBlocks.block(value).map {
        unsafe UnsafeRawPointer(state.pointee.disk.bytes(of: $0))
      }
    case .none: nil
    }
  }

  private func send(_ record: ExportRecord) {
    var record = record
    unsafe withUnsafeBytes(of: &record) { bytes in send(unsafe ByteString(bytes)) }
  }

  private func send(_ bytes: ByteString) {
    guard !bytes.isEmpty else { return }
    surroundings?.pointee.write(bytes, on: .export)
  }
}
