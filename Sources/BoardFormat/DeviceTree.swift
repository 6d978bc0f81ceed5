/// A flattened device tree, read in place (devicetree.org, Devicetree Specification, chapter 5).
///
/// Only what says where memory and virtio transports are. Every offset and length is checked against
/// the block's size, so that a damaged tree is a tree that ends early.
@safe public struct DeviceTree {
  private let bytes: UnsafeRawBufferPointer
  private let structure: Int
  private let strings: Int
  private let reservations: Int

  /// A range of physical addresses that the tree names.
  public struct Range: BitwiseCopyable, Hashable, Sendable {
    public var start: UInt64
    public var length: UInt64
    @inlinable public init(start: UInt64, length: UInt64) {
      self.start = start
      self.length = length
    }
  }

  /// The tree in a block of bytes; nil if the block does not begin with one.
  ///
  /// Unsafe: the bytes must stay as long as the tree is used.
  @unsafe public init?(_ block: UnsafeRawBufferPointer) {
    unsafe bytes = block
    guard block.count >= 40, unsafe Self.word(block, 0) == 0xd00d_feed else { return nil }
    structure = Int(unsafe Self.word(block, 8))
    strings = Int(unsafe Self.word(block, 12))
    reservations = Int(unsafe Self.word(block, 16))
  }

  /// Visits every bank of memory: the `reg` of the root's children of type `memory`.
  public func forEachBank(_ body: (Range) -> Void) {
    var cells = Cells(address: 2, size: 2)
    var at = structure
    var depth = 0
    var isMemory = false
    while let token = next(&at) {
      switch token {
      case .begin(let name):
        depth &+= 1
        isMemory = depth == 2 && has(name, prefix: "memory")
      case .end:
        depth &-= 1
        isMemory = false
      case .property(let name, let value, let length):
        if depth == 1 { cells.read(self, name, value, length) }
        if isMemory && is_(name, "reg") { forEachRange(value, length, cells, body) }
      }
    }
  }

  /// Visits every range that is not to be used: the reservation block's, and the `reg` of the
  /// children of `/reserved-memory`; `unmapped` says that it must not be mapped either (`no-map`).
  public func forEachReservation(_ body: (Range, _ unmapped: Bool) -> Void) {
    var entry = reservations
    while true {
      let range = Range(start: long(entry), length: long(entry &+ 8))
      if range.start == 0 && range.length == 0 { break }
      body(range, false)
      entry &+= 16
    }
    var cells = Cells(address: 2, size: 2)
    var at = structure
    var depth = 0
    var inside = false
    var registers: (value: Int, length: Int)?
    var unmapped = false
    while let token = next(&at) {
      switch token {
      case .begin(let name):
        depth &+= 1
        if depth == 2 { inside = has(name, prefix: "reserved-memory") }
        registers = nil
        unmapped = false
      case .end:
        if inside && depth == 3, let found = registers {
          forEachRange(found.value, found.length, cells) { body($0, unmapped) }
        }
        registers = nil
        depth &-= 1
      case .property(let name, let value, let length):
        if depth == 1 { cells.read(self, name, value, length) }
        if inside && depth == 3 && is_(name, "reg") { registers = (value, length) }
        if inside && depth == 3 && is_(name, "no-map") { unmapped = true }
      }
    }
  }

  /// A virtio transport in memory: where it is, and its shared peripheral interrupt.
  public struct Transport: BitwiseCopyable, Hashable, Sendable {
    public var start: UInt64
    public var interrupt: UInt64
  }

  /// Visits every child of the root that is compatible with `virtio,mmio`.
  public func forEachTransport(_ body: (Transport) -> Void) {
    var cells = Cells(address: 2, size: 2)
    var at = structure
    var depth = 0
    var isTransport = false
    var start: UInt64?
    var interrupt: UInt64?
    while let token = next(&at) {
      switch token {
      case .begin:
        depth &+= 1
        isTransport = false
        start = nil
        interrupt = nil
      case .end:
        if depth == 2, isTransport, let start, let interrupt {
          body(Transport(start: start, interrupt: interrupt))
        }
        isTransport = false
        depth &-= 1
      case .property(let name, let value, let length):
        if depth == 1 { cells.read(self, name, value, length) }
        guard depth == 2 else { continue }
        if is_(name, "compatible"), is_(value, "virtio,mmio") { isTransport = true }
        if is_(name, "reg") { forEachRange(value, length, cells) { start = $0.start } }
        // Of three cells the first says that it is shared (arm,gic.yaml).
        if is_(name, "interrupts"), length == 12, word(value) == 0 {
          interrupt = UInt64(word(value &+ 4))
        }
      }
    }
  }

  // MARK: Tokens

  private enum Token {
    case begin(name: Int)
    case end
    case property(name: Int, value: Int, length: Int)
  }

  /// The token at an offset, which moves behind it; nil at the end of the structure.
  private func next(_ at: inout Int) -> Token? {
    while true {
      let kind = word(at)
      at &+= 4
      switch kind {
      case 1:
        let name = at
        while byte(at) != 0 { at &+= 1 }
        at = (at &+ 4) & ~3
        return .begin(name: name)
      case 2: return .end
      case 3:
        let length = Int(word(at))
        let name = strings &+ Int(word(at &+ 4))
        let value = at &+ 8
        at = (value &+ length &+ 3) & ~3
        return .property(name: name, value: value, length: length)
      case 4: continue
      default: return nil
      }
    }
  }

  /// `#address-cells` and `#size-cells`, in words.
  private struct Cells {
    var address: Int
    var size: Int

    mutating func read(_ tree: DeviceTree, _ name: Int, _ value: Int, _ length: Int) {
      guard length == 4 else { return }
      if tree.is_(name, "#address-cells") { address = Int(tree.word(value)) }
      if tree.is_(name, "#size-cells") { size = Int(tree.word(value)) }
    }
  }

  private func forEachRange(_ value: Int, _ length: Int, _ cells: Cells, _ body: (Range) -> Void) {
    guard 1...2 ~= cells.address, 1...2 ~= cells.size else { return }
    let step = 4 &* (cells.address &+ cells.size)
    var at = value
    while at &+ step <= value &+ length {
      let size = at &+ 4 &* cells.address
      body(
        Range(
          start: cells.address == 2 ? long(at) : UInt64(word(at)),
          length: cells.size == 2 ? long(size) : UInt64(word(size))))
      at &+= step
    }
  }

  // MARK: Bytes

  private func byte(_ at: Int) -> UInt8 {
    // SAFETY: within the block, which `init` was promised stays.
    unsafe at >= 0 && at < bytes.count ? bytes[at] : 0
  }

  private func word(_ at: Int) -> UInt32 { unsafe Self.word(bytes, at) }

  private func long(_ at: Int) -> UInt64 { UInt64(word(at)) &<< 32 | UInt64(word(at &+ 4)) }

  /// A big-endian word; 0 outside the block.
  private static func word(_ block: UnsafeRawBufferPointer, _ at: Int) -> UInt32 {
    guard at >= 0, at &+ 4 <= block.count else { return 0 }
    var value: UInt32 = 0
    for i in 0..<4 { value = value &<< 8 | UInt32(unsafe block[at &+ i]) }
    return value
  }

  /// Whether the string at an offset is this one.
  private func is_(_ at: Int, _ text: StaticString) -> Bool {
    has(at, prefix: text) && byte(at &+ text.utf8CodeUnitCount) == 0
  }

  private func has(_ at: Int, prefix: StaticString) -> Bool {
    for i in 0..<prefix.utf8CodeUnitCount where unsafe prefix.utf8Start[i] != byte(at &+ i) {
      return false
    }
    return true
  }
}
