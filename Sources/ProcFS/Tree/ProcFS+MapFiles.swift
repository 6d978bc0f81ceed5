import AddressSpaces
import Arm64
import Files
import KernelLayout
import MemoryTypes
import Tasks

/// `/proc/PID/map_files`: a link for each mapping of a file, called by its addresses
/// (fs/proc/base.c: proc_map_files_lookup()).
extension ProcFS {
  /// The area that a name `START-END` says exactly.
  func mappedFile(_ name: ByteString, of folder: ProcNode) throws(Errno) -> ProceduralEntry {
    guard let dash = name.firstIndex(of: 0x2D),
      let start = Self.hexadecimal(name[0..<dash]),
      let end = Self.hexadecimal(name[dash &+ 1..<name.count])
    else { throw .ENOENT }
    let node = ProcNode(
      mappingAt: start &>> kernel.board.pageSize.shift, pid: folder.pid)
    guard let area = mappedFile(node), area.pointee.start.rawValue == start,
      area.pointee.end.rawValue == end, area.pointee.file != nil
    else { throw .ENOENT }
    return entry(node)
  }

  /// The area that begins where a link says.
  func mappedFile(_ link: ProcNode) -> KernelPointer<VirtualMemoryArea>? {
    guard let space = task(link)?.pointee.memory.space else { return nil }
    let start = VirtualAddress(link.page &<< kernel.board.pageSize.shift)
    guard let area = space.pointee.area(endingAbove: start), area.pointee.start == start else {
      return nil
    }
    return area
  }

  /// The first mapping of a file at or above a page.
  func nextMappedFile(of folder: ProcNode, from page: UInt64) -> ListedEntry? {
    let shift = kernel.board.pageSize.shift
    guard let space = task(folder)?.pointee.memory.space,
      page <= kernel.layout.taskSize.rawValue &>> shift
    else { return nil }
    var next = space.pointee.area(endingAbove: VirtualAddress(page &<< shift))
    while let area = next {
      next = area.pointee.next
      guard area.pointee.file != nil, area.pointee.start.rawValue &>> shift >= page else {
        continue
      }
      var bytes = InlineArray<64, UInt8>(repeating: 0)
      var span = bytes.mutableSpan
      // SAFETY: the bytes are a local's, which outlives the call.
      let name = unsafe span.withUnsafeMutableBytes { room in
        var writer = unsafe Writer(kernel.files, room)
        writer.hexadecimal(area.pointee.start.rawValue)
        writer.byte(0x2D)
        writer.hexadecimal(area.pointee.end.rawValue)
        let length = Int(writer.count)
        return unsafe ShortName(ByteString(UnsafeRawBufferPointer(rebasing: room[..<length])))
      }
      let start = area.pointee.start.rawValue &>> shift
      return ListedEntry(
        name: name, entry: entry(ProcNode(mappingAt: start, pid: folder.pid)),
        nextPosition: 256 &+ start &+ 1)
    }
    return nil
  }

  /// A number as Linux prints it there: no leading zero, nothing else.
  private static func hexadecimal(_ text: ByteString) -> UInt64? {
    guard text.count > 0, text.count <= 16, text.count == 1 || text[0] != 0x30 else { return nil }
    var value: UInt64 = 0
    for index in 0..<text.count {
      switch text[index] {
      case 0x30...0x39: value = value &<< 4 | UInt64(text[index] &- 0x30)
      case 0x61...0x66: value = value &<< 4 | UInt64(text[index] &- 0x57)
      default: return nil
      }
    }
    return value
  }
}
