import Arm64
import Files
public import MemoryTypes

/// shmat and shmdt (ipc/shm.c:do_shmat(), ksys_shmdt()).
extension AddressSpace {
  /// What shmat is asked for (include/uapi/linux/shm.h).
  private enum Attach {
    static var readOnly: UInt32 { 0o10000 }
    static var round: UInt32 { 0o20000 }
    static var remap: UInt32 { 0o40000 }
    static var execute: UInt32 { 0o100000 }
  }

  /// Attaches a segment; where it is.
  public mutating func attach(
    _ identifier: Int32, at wanted: VirtualAddress, _ flags: UInt32, by caller: IPCCaller
  ) throws(Errno) -> VirtualAddress {
    guard identifier >= 0 else { throw .EINVAL }
    var at = wanted
    if at.rawValue != 0 {
      // SHMLBA is a page.
      if !at.isAligned(to: pageSize) {
        guard flags & Attach.round != 0 else { throw .EINVAL }
        at = at.alignedDown(to: pageSize)
        if at.rawValue == 0 && flags & Attach.remap != 0 { throw .EINVAL }
      }
    } else if flags & Attach.remap != 0 {
      throw .EINVAL
    }
    let readOnly = flags & Attach.readOnly != 0
    var protection: Protection = readOnly ? .read : [.read, .write]
    var access: UInt32 = readOnly ? 0o444 : 0o666
    if flags & Attach.execute != 0 {
      protection.insert(.execute)
      access |= 0o111
    }
    let context = context
    guard let shared = context.pointee.sharedMemory else { throw .EINVAL }
    let segment = try shared.pointee.segments.object(identifier)
    guard segment.pointee.permissions.allow(caller, access) else { throw .EACCES }

    // Held as if attached, so that it stays.
    segment.pointee.attachments &+= 1
    defer { context.pointee.dropAttachment(segment) }
    let files = context.pointee.files
    let file = try files.pointee.reopen(segment.pointee.file, forWriting: !readOnly)
    file.pointee.isSegment = true
    defer { files.pointee.release(file) }
    let length = ByteCount(segment.pointee.size)
    var mapFlags: MapFlags = .shared
    if wanted.rawValue != 0 {
      mapFlags.insert(.fixed)
      if flags & Attach.remap == 0 {
        let end = at + length
        guard end >= at, areas.area(intersecting: at, end) == nil else { throw .EINVAL }
      }
    }
    return try map(
      MappingRequest(
        address: at, length: length, protection: protection, flags: mapFlags, file: file))
  }

  /// Detaches what was attached at an address: all that is left of it, if it was cut up.
  public mutating func detach(_ address: VirtualAddress) throws(Errno) {
    guard address.isAligned(to: pageSize) else { throw .EINVAL }
    var next = areas.area(endingAbove: address)
    while let area = next, !isPiece(area, of: address) { next = area.pointee.next }
    guard let first = next, let file = first.pointee.file else { throw .EINVAL }
    let length = ByteCount(file.pointee.inode.pointee.size).alignedUp(to: pageSize)
    next = first.pointee.next
    try unmap(first.pointee.start, first.pointee.length)
    while let area = next, area.pointee.end - address <= length {
      next = area.pointee.next
      if isPiece(area, of: address), area.pointee.file == file {
        try unmap(area.pointee.start, area.pointee.length)
      }
    }
  }

  /// Whether an area shows that part of a segment which lies there if it begins at `address`.
  private func isPiece(_ area: Area, of address: VirtualAddress) -> Bool {
    area.pointee.special == .attachment
      && (area.pointee.start - address).rawValue &>> pageSize.shift == area.pointee.pageOffset
  }

  /// Counts a new area that shows a segment; EINVAL if that is no more (shm_mmap()).
  ///
  /// remap_file_pages unmaps first, and may so have taken the last attachment away.
  @inline(never)
  func openAttachment(_ file: KernelPointer<OpenFile>) throws(Errno) {
    guard let segment = context.pointee.segment(of: file) else { throw .EINVAL }
    context.pointee.countAttachment(segment)
  }

  /// Counts one more area, like one that there is.
  @inline(never)
  func reopenAttachment(_ file: KernelPointer<OpenFile>) {
    guard let segment = context.pointee.segment(of: file) else { return }
    context.pointee.countAttachment(segment)
  }

  /// Counts an area that shows a segment as gone.
  @inline(never)
  func closeAttachment(_ file: KernelPointer<OpenFile>) {
    guard let segment = context.pointee.segment(of: file) else { return }
    context.pointee.countDetachment(segment)
  }
}
