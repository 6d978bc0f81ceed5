import BoardFormat
import Glibc
import MemoryTypes

/// A host's swap file while the machine runs.
///
/// Only its header comes into the machine, for nothing of what an area has when it is turned on is
/// ever read; what the machine wrote is put into the file at the end, page for page, and what it did
/// not write stays as it was.
final class OpenSwapFile {
  let file: SwapFile
  let pages: PageCount
  private let descriptor: Int32
  private let header: [UInt8]

  /// Opens it for writing, for this machine alone, and looks at its header; an empty one gets one.
  init(_ file: SwapFile, _ size: PageSize) throws(MachineError) {
    pages = try file.pages(of: size)
    let descriptor = unsafe open(file.path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .failure("--swap-file \(file.path): it cannot be written: \(HostFile.reason())")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .failure("--swap-file \(file.path): another machine is swapping to it")
    }
    do throws(MachineError) {
      let start = try HostFile.start(of: file.path, limit: 1 << 16)
      header = try SwapHeader.checked(start, pages, size, file.path)
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    self.file = file
  }

  deinit { close(descriptor) }

  /// Puts the header at the start of the board's area.
  func load(into area: UnsafeMutableRawBufferPointer) {
    unsafe area.copyBytes(from: header)
  }

  /// Writes what the machine wrote to its area of the board file.
  ///
  /// The board file has blocks only where something was written.
  func writeBack(_ board: Int32, from start: UInt64) throws(MachineError) {
    let end = off_t(start) + off_t(pages.rawValue) * off_t(header.count)
    var place = off_t(start)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while place < end {
      let data = lseek(board, place, Self.seekData)
      // ENXIO: nothing more.
      guard data >= 0, data < end else { return }
      let hole = min(lseek(board, data, Self.seekHole), end)
      place = data
      while place < hole {
        let wanted = min(Int(hole - place), buffer.count)
        let got = unsafe buffer.withUnsafeMutableBytes {
          unsafe pread(board, $0.baseAddress, wanted, place)
        }
        guard got > 0 else { throw failed() }
        var done = 0
        while done < got {
          let written = unsafe buffer.withUnsafeBytes {
            unsafe pwrite(
              descriptor, $0.baseAddress.map { unsafe $0 + done }, got - done,
              place - off_t(start) + off_t(done))
          }
          if written < 0 && errno == EINTR { continue }
          guard written > 0 else { throw failed() }
          done += written
        }
        place += off_t(got)
      }
    }
  }

  /// SEEK_DATA and SEEK_HOLE.
  private static let seekData: Int32 = 3
  private static let seekHole: Int32 = 4

  private func failed() -> MachineError {
    .failure("--swap-file \(file.path): it could not be written: \(HostFile.reason())")
  }
}

extension MachineDescription {
  /// Opens the host's swap files, in their order.
  func openSwapFiles() throws(MachineError) -> [OpenSwapFile] {
    var files: [OpenSwapFile] = []
    for file in configuration.swapFiles { files.append(try OpenSwapFile(file, pageSize)) }
    return files
  }
}

/// What mkswap writes into the first page of an area (`union swap_header`).
enum SwapHeader {
  static let signature = Array("SWAPSPACE2".utf8)

  /// A new one.
  static func make(_ pages: PageCount, _ size: PageSize) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: Int(size.bytes.rawValue))
    func put(_ word: UInt32, at place: Int) {
      for byte in 0..<4 { page[place + byte] = UInt8(truncatingIfNeeded: word >> (8 * byte)) }
    }
    put(1, at: 1024)
    put(UInt32(truncatingIfNeeded: pages.rawValue - 1), at: 1028)
    page.replaceSubrange((page.count - signature.count)..., with: signature)
    return page
  }

  /// The header of a file that begins with some bytes; a new one where these are all zero.
  ///
  /// A file that has anything else is not written over.
  static func checked(
    _ start: [UInt8], _ pages: PageCount, _ size: PageSize, _ path: String
  ) throws(MachineError) -> [UInt8] {
    let page = Array(start.prefix(Int(size.bytes.rawValue)))
    func word(_ place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(page[place + $1]) << (8 * $1) }
    }
    guard page.suffix(signature.count).elementsEqual(signature) else {
      for other in [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB]
      where start.prefix(Int(other.bytes.rawValue)).suffix(10).elementsEqual(signature) {
        throw .usage(
          "--swap-file \(path): it was made for \(other.text) pages, not for \(size.text)",
          hint: "mkswap -p \(size.bytes.rawValue) makes it anew")
      }
      guard page.allSatisfy({ $0 == 0 }) else {
        throw .usage(
          "--swap-file \(path): it has something else in it, and is not written over",
          hint: "mkswap makes a swap file of it")
      }
      return make(pages, size)
    }
    let last = UInt64(word(1028))
    guard word(1024) == 1, last > 0, last < pages.rawValue,
      UInt64(word(1032)) <= (size.bytes.rawValue - 1546) / 4
    else {
      throw .usage(
        "--swap-file \(path): its header is not one of \(pages.rawValue) pages",
        hint: "mkswap makes it anew")
    }
    return page
  }
}
