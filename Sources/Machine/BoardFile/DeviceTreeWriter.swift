import MemoryTypes

/// A flattened device tree, as it is written (Devicetree Specification 0.4, chapter 5).
///
/// ```
/// header, 40 bytes · memory reservations (none) · structure · strings
/// ```
/// All numbers are big endian; names and values are padded to four bytes.
struct DeviceTreeWriter {
  private static let beginNode: UInt32 = 1
  private static let endNode: UInt32 = 2
  private static let property: UInt32 = 3
  private static let end: UInt32 = 9

  private var structure: [UInt8] = []
  private var strings: [UInt8] = []
  private var places: [String: UInt32] = [:]

  /// Adds a node with what `body` adds to it; the root's name is empty.
  mutating func node(_ name: String, _ body: (inout Self) -> Void) {
    append(Self.beginNode)
    structure += Array(name.utf8) + [0]
    pad()
    body(&self)
    append(Self.endNode)
  }

  /// Adds a property of 64-bit numbers.
  mutating func property(_ name: String, _ numbers: [UInt64]) {
    property(name, bytes: numbers.flatMap { Self.bigEndian($0) })
  }

  /// Adds a property of one 32-bit number.
  mutating func property(_ name: String, cell: UInt32) {
    property(name, bytes: Self.bigEndian(cell))
  }

  /// Adds a property of 32-bit numbers.
  mutating func property(_ name: String, cells: [UInt32]) {
    property(name, bytes: cells.flatMap { Self.bigEndian($0) })
  }

  /// Adds a property that is a string.
  mutating func property(_ name: String, _ text: String) {
    property(name, bytes: Array(text.utf8) + [0])
  }

  /// Adds a property without a value.
  mutating func property(_ name: String) { property(name, bytes: []) }

  private mutating func property(_ name: String, bytes: [UInt8]) {
    append(Self.property)
    append(UInt32(bytes.count))
    append(place(of: name))
    structure += bytes
    pad()
  }

  /// The whole tree.
  func bytes() -> [UInt8] {
    let structure = structure + Self.bigEndian(Self.end)
    let reservations = [UInt8](repeating: 0, count: 16)
    let structureStart = 40 + UInt32(reservations.count)
    let stringsStart = structureStart + UInt32(structure.count)
    let header: [UInt32] = [
      0xd00d_feed, stringsStart + UInt32(strings.count), structureStart, stringsStart, 40, 17, 16,
      0, UInt32(strings.count), UInt32(structure.count),
    ]
    return header.flatMap { Self.bigEndian($0) } + reservations + structure + strings
  }

  private mutating func place(of name: String) -> UInt32 {
    if let place = places[name] { return place }
    let place = UInt32(strings.count)
    strings += Array(name.utf8) + [0]
    places[name] = place
    return place
  }

  private mutating func append(_ number: UInt32) { structure += Self.bigEndian(number) }

  private mutating func pad() {
    while structure.count % 4 != 0 { structure.append(0) }
  }

  private static func bigEndian<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
    stride(from: N.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: number >> N($0))
    }
  }
}

extension DeviceTreeWriter {
  /// The tree that tells the kernel of RAM: a memory node for each bank, and the ranges in them
  /// that nobody may touch.
  ///
  /// - Parameter hasDisk: whether the first virtio transport of QEMU's board has a disk behind it
  ///   (hw/arm/virt.c: base_memmap, a15irqmap).
  static func memory(
    _ banks: [MemoryBank], reserved: [MemoryBank] = [], hasDisk: Bool = false
  ) -> [UInt8] {
    var tree = DeviceTreeWriter()
    tree.node("") { root in
      root.property("#address-cells", cell: 2)
      root.property("#size-cells", cell: 2)
      for bank in banks {
        root.node("memory@" + String(bank.start.rawValue, radix: 16)) {
          $0.property("device_type", "memory")
          $0.property("reg", [bank.start.rawValue, bank.length.rawValue])
        }
      }
      if hasDisk {
        root.node("virtio_mmio@a000000") {
          $0.property("compatible", "virtio,mmio")
          $0.property("reg", [0x0a00_0000, 0x200])
          $0.property("interrupts", cells: [0, 16, 4])
        }
      }
      guard !reserved.isEmpty else { return }
      root.node("reserved-memory") {
        $0.property("#address-cells", cell: 2)
        $0.property("#size-cells", cell: 2)
        $0.property("ranges")
        for range in reserved {
          $0.node("reserved@" + String(range.start.rawValue, radix: 16)) {
            $0.property("reg", [range.start.rawValue, range.length.rawValue])
            $0.property("no-map")
          }
        }
      }
    }
    return tree.bytes()
  }
}
