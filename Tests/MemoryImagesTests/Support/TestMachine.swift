import Arm64
import MemoryTypes

@testable import MemoryImages

/// A machine's RAM with page tables in it, made entry by entry.
struct TestMachine {
  let geometry: TranslationGeometry
  let base: PhysicalAddress
  var ram: [UInt8]
  let root: PhysicalAddress
  private var nextFrame: UInt64

  init(
    _ pageSize: PageSize, _ vaBits: UInt64, large: Bool = false, frames: Int = 64,
    base: UInt64 = 0x4000_0000
  ) {
    guard
      let geometry = TranslationGeometry(pageSize: pageSize, vaBits: vaBits, hasLargeOutput: large)
    else { preconditionFailure("no such geometry") }
    self.geometry = geometry
    self.base = PhysicalAddress(base)
    ram = [UInt8](repeating: 0, count: frames << Int(pageSize.shift))
    root = PhysicalAddress(base)
    nextFrame = 1
  }

  /// Takes a frame that nothing uses.
  mutating func frame() -> PhysicalAddress {
    defer { nextFrame += 1 }
    return base + ByteCount(nextFrame << geometry.pageSize.shift)
  }

  subscript(place: PhysicalAddress) -> UInt64 {
    get {
      let at = Int((place - base).rawValue)
      return (0..<8).reduce(0) { $0 | UInt64(ram[at + $1]) << UInt64(8 * $1) }
    }
    set {
      let at = Int((place - base).rawValue)
      for index in 0..<8 {
        ram[at + index] = UInt8(truncatingIfNeeded: newValue >> UInt64(8 * index))
      }
    }
  }

  /// Where the descriptor for an address is at a level; makes the tables on the way.
  mutating func slot(_ address: UInt64, level: Int) -> PhysicalAddress {
    var table = root
    var at = geometry.startLevel
    while true {
      let slot =
        table + ByteCount(UInt64(geometry.index(of: VirtualAddress(address), at: at)) * 8)
      if at == level { return slot }
      if self[slot] == 0 {
        let next = PageFrameNumber(containing: frame(), geometry.pageSize)
        self[slot] = Descriptor(table: next, in: geometry).rawValue
      }
      table = Descriptor(self[slot]).output(in: geometry)
      at += 1
    }
  }

  /// Maps one page or block.
  mutating func map(
    _ address: UInt64, to physical: UInt64, level: Int = 3,
    _ attributes: Descriptor.Attributes = .kernel
  ) {
    let place = slot(address, level: level)
    self[place] =
      level == 3
      ? Descriptor(output: PhysicalAddress(physical), attributes, in: geometry).rawValue
      : Descriptor(block: PhysicalAddress(physical), attributes, in: geometry).rawValue
  }

  func rawImage() throws -> any MemoryImage {
    let file = try TemporaryFile(ram)
    // The mapping keeps what the name no longer has.
    return try MemoryImageFile.open(file.path, base: base)
  }
}

/// The lines of a dump, or what ended it.
func dump(_ image: any MemoryImage, _ root: PhysicalAddress, _ geometry: TranslationGeometry)
  -> (lines: [String], error: ImageError?)
{
  var lines: [String] = []
  let start = VirtualAddress(0 &- 1 << geometry.vaBits)
  var dump = PageTableDump(markers: [.init(start, "Start")]) {
    lines.append($0.text(levels: geometry.levels))
  }
  var tree = TableTree(image, root: root, geometry: geometry)
  do throws(ImageError) {
    try tree.walk(from: start, &dump)
    dump.finish()
    return (lines, nil)
  } catch { return (lines, error) }
}
