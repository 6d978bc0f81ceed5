import Arm64
import Files
public import MemoryTypes

/// remap_file_pages, as Linux emulates it since 4.0 (mm/mmap.c:remap_file_pages()).
extension AddressSpace {
  /// Maps another part of the file that a shared mapping already shows, in place of it.
  ///
  /// The range may lie in several areas, if nothing but their offsets tells them apart.
  public mutating func remapFilePages(
    _ start: VirtualAddress, _ length: ByteCount, _ protection: UInt64, pageOffset: UInt64,
    nonBlocking: Bool
  ) throws(Errno) {
    guard protection == 0 else { throw .EINVAL }
    let start = start.alignedDown(to: pageSize)
    let length = ByteCount(length.rawValue & ~pageSize.offsetMask)
    let end = start + length
    guard end > start else { throw .EINVAL }
    let pages = length.wholePages(of: pageSize)
    guard !pageOffset.addingReportingOverflow(pages.rawValue).overflow else { throw .EINVAL }
    guard let first = areas.area(containing: start), first.pointee.flags.contains(.shared),
      let file = first.pointee.file
    else { throw .EINVAL }
    var last = first
    while last.pointee.end < end {
      guard let next = last.pointee.next, next.pointee.start == last.pointee.end,
        next.pointee.file == file, next.pointee.flags == first.pointee.flags
      else { throw .EINVAL }
      last = next
    }

    let areaFlags = first.pointee.flags
    var flags: MapFlags = [.shared, .fixed, .populate]
    if nonBlocking { flags.insert(.nonBlock) }
    if areaFlags.contains(.locked) { flags.insert(.locked) }
    // The areas go before the new one comes: the file must not go with them.
    let files = context.pointee.files
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    _ = try map(
      MappingRequest(
        address: start, length: length,
        protection: Protection(rawValue: areaFlags.intersection(.access).rawValue),
        flags: flags, file: file, pageOffset: pageOffset))
  }
}
