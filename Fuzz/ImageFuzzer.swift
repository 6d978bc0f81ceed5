// Fuzzes memory images: any bytes as a file, and any bytes as RAM with page tables in it. Whatever
// they are, opening, dumping and walking ends with an answer or a named error. `Fuzz/run-images`
// builds and starts it.
//
// The first byte says what the rest is: a file as it is, or RAM of one of the geometries.

import Arm64
import Glibc
import MemoryImages
import MemoryTypes

nonisolated(unsafe) var path = "/dev/shm/kilburn-fuzz-\(getpid())"

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 1 else { return 0 }
  let choice = unsafe data[0]
  let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  precondition(file >= 0)
  defer {
    close(file)
    unlink(path)
  }
  guard unsafe write(file, data + 1, size - 1) == size - 1 else { return 0 }
  let shapes: [(PageSize, UInt64, Bool)] = [
    (.fourKiB, 39, false), (.fourKiB, 48, false), (.fourKiB, 52, true), (.sixteenKiB, 47, false),
    (.sixtyFourKiB, 42, false), (.sixtyFourKiB, 52, true),
  ]
  let shape = shapes[Int(choice >> 1) % shapes.count]
  let base = choice & 1 == 0 ? nil : PhysicalAddress(0x4000_0000)
  do throws(ImageError) {
    let image = try MemoryImageFile.open(path, base: base)
    _ = image.ranges.count
    var words = ImagedKernel.Words()
    if image.notes == nil {
      (words.pageSize, words.vaBits) = (shape.0, shape.1)
      words.paBits = shape.2 ? 52 : 48
    }
    words.upperRoot = 0x4000_0000
    let kernel = try ImagedKernel(image, words)
    for address in [kernel.translatedBottom, VirtualAddress(.max), VirtualAddress(1 << 63)] {
      _ = try? ImageWalk(address, image, kernel.regime)
    }
    guard let root = kernel.upperRoot else { return 0 }
    var dump = PageTableDump(markers: [.init(kernel.translatedBottom, "Start")]) { _ in }
    var tree = TableTree(image, root: root, geometry: kernel.geometry)
    try tree.walk(from: kernel.translatedBottom, &dump)
    dump.finish()
  } catch { precondition(!"\(error)".isEmpty) }
  return 0
}
