// Fuzzes memory images: any bytes as a file, and any bytes as RAM with page tables in it. Whatever
// they are, opening, dumping and walking ends with an answer or a named error. `Fuzz/run-images`
// builds and starts it.
//
// The first byte says what the rest is: a file as it is, or RAM of one of the geometries.

import Arm64
import MemoryImages
import MemoryTypes

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 1 else { return 0 }
  let choice = unsafe data[0]
  let shapes: [(PageSize, UInt64, Bool)] = [
    (.fourKiB, 39, false), (.fourKiB, 48, false), (.fourKiB, 52, true), (.sixteenKiB, 47, false),
    (.sixtyFourKiB, 42, false), (.sixtyFourKiB, 52, true),
  ]
  let shape = shapes[Int(choice >> 1) % shapes.count]
  let base = choice & 1 == 0 ? nil : PhysicalAddress(0x4000_0000)
  do throws(ImageError) {
    try unsafe withFuzzedFile(UnsafeBufferPointer(start: data + 1, count: size - 1)) {
      (path) throws(ImageError) in
      try look(at: path, base, shape)
    }
  } catch { precondition(!"\(error)".isEmpty) }
  return 0
}

/// Opens an image, dumps its tables and walks them.
func look(
  at path: String, _ base: PhysicalAddress?, _ shape: (PageSize, UInt64, Bool)
) throws(ImageError) {
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
  guard let root = kernel.upperRoot else { return }
  var dump = PageTableDump(markers: [.init(kernel.translatedBottom, "Start")]) { _ in }
  var tree = TableTree(image, root: root, geometry: kernel.geometry)
  try tree.walk(from: kernel.translatedBottom, &dump)
  dump.finish()
}
