import MemoryTypes
import TestSupport

/// Tables of random descriptors, which mostly point to each other, and addresses to try on them.
enum RandomTables {
  /// Fills all of RAM; every page of it is a table.
  static func fill(_ ram: TestRAM, _ shape: Shape, _ random: inout Random) {
    let frames = ram.length.rawValue >> shape.shift
    for offset in stride(from: 0, to: ram.length.rawValue, by: 8) {
      let raw = descriptor(shape, ram.base.rawValue, frames, &random)
      ram.store(raw, at: ram.base + ByteCount(offset))
    }
  }

  /// Random bits, mostly with an address that is in RAM.
  static func descriptor(
    _ shape: Shape, _ base: UInt64, _ frames: UInt64, _ random: inout Random
  ) -> UInt64 {
    var raw = random.next()
    let kind = UInt64.random(in: 0..<16, using: &random)
    if kind == 0 { return raw | 1 << 40 }  // above all devices of a board
    let target = base + UInt64.random(in: 0..<frames, using: &random) << shape.shift
    let low = UInt64(0xfff)
    raw &= ~(0x0000_ffff_ffff_ffff & ~low)
    raw |= target & 0x0000_ffff_ffff_f000
    if shape.large && shape.shift == 16 {
      raw = raw & ~0xf000 | (target >> 48 & 0xf) << 12
    } else if shape.large {
      raw = raw & ~(3 << 48 | 0x300) | (target >> 48 & 3) << 48 | (target >> 50 & 3) << 8
    }
    if kind < 12 { return raw & ~3 | 0b11 | 1 << 10 }
    return kind < 14 ? raw & ~3 | 0b01 : raw
  }

  /// Addresses of both halves, with and without tags, some that are in neither.
  static func address(_ shape: Shape, _ random: inout Random) -> UInt64 {
    let bits = random.next()
    let translated = bits & ((1 << shape.vaBits) - 1)
    switch UInt64.random(in: 0..<8, using: &random) {
    case 0: return bits
    case 1: return translated | 1 << UInt64.random(in: shape.vaBits..<64, using: &random)
    case 2, 3: return translated | ~((1 << shape.vaBits) - 1)
    case 4:
      let tag = random.next() << 56
      let upper: UInt64 = Bool.random(using: &random) ? 0x00ff_ffff_ffff_ffff : 0
      return tag | upper & ~((1 << shape.vaBits) - 1) & 0x00ff_ffff_ffff_ffff | translated
    default: return translated
    }
  }
}
