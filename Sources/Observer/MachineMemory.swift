import Arm64
import BoardFormat
import Glibc
import HardwareModel
import MemoryTypes
import Observation

/// The machine's memory, mapped a second time: RAM, and the board file behind it.
///
/// SAFETY: the mappings stay for as long as the process; what is read of them is within.
@safe struct MachineMemory {
  private let ram: UnsafeRawPointer
  private let board: UnsafeRawPointer
  private let ramRange: Range<PhysicalAddress>
  private let boardRange: Range<PhysicalAddress>
  /// What walks may read.
  let descriptors: DescriptorMemory

  /// Maps the files that the request names; nil where that cannot be.
  init?(_ request: ObserverRequest) {
    guard
      let ram = unsafe Self.map(request.ramFile, request.ramLength),
      let board = unsafe Self.map(request.boardFile, request.boardLength),
      request.boardLength >= UInt64(MemoryLayout<BoardHeader>.size)
    else { return nil }
    unsafe self.ram = unsafe ram
    unsafe self.board = unsafe board
    let start = PhysicalAddress(request.ramStart)
    ramRange = start..<(start + ByteCount(request.ramLength))
    boardRange = ramRange.upperBound..<(ramRange.upperBound + ByteCount(request.boardLength))
    descriptors = unsafe DescriptorMemory(ram, ramRange)
  }

  private static func map(_ file: Int64, _ length: UInt64) -> UnsafeRawPointer? {
    guard file >= 0, length > 0, length <= 1 << 40 else { return nil }
    let place = unsafe mmap(nil, Int(length), PROT_READ, MAP_SHARED, Int32(file), 0)
    guard let place = unsafe place, unsafe place != MAP_FAILED else { return nil }
    return UnsafeRawPointer(place)
  }

  /// The block that the tool wrote and the kernel adds to.
  var header: BoardHeader { unsafe board.loadUnaligned(as: BoardHeader.self) }

  /// How the machine translates; nil where the header says nothing that can be.
  var geometry: TranslationGeometry? {
    let header = header
    guard header.magic == BoardHeader.magic,
      let size = PageSize(shift: UInt64(header.pageShift))
    else { return nil }
    return TranslationGeometry(
      pageSize: size, vaBits: UInt64(header.vaBits),
      hasLargeOutput: header.vaBits == 52 && size != .sixtyFourKiB)
  }

  /// A word of RAM, or of the board file; 0 where there is none.
  func word(at address: PhysicalAddress) -> UInt64 {
    guard address.rawValue & 7 == 0 else { return 0 }
    if ramRange.contains(address) {
      return unsafe ram.load(
        fromByteOffset: Int(address.rawValue &- ramRange.lowerBound.rawValue), as: UInt64.self)
    }
    guard boardRange.contains(address) else { return 0 }
    return unsafe board.load(
      fromByteOffset: Int(address.rawValue &- boardRange.lowerBound.rawValue), as: UInt64.self)
  }

  /// Which of the two files an address is in: 0 RAM, 1 the board file; nil for a device's.
  func file(of address: UInt64) -> Int? {
    let address = PhysicalAddress(address)
    return ramRange.contains(address) ? 0 : boardRange.contains(address) ? 1 : nil
  }
}
