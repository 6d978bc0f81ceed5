import Arm64
import MemoryTypes

/// What a TLB entry is found by: bits of the address, the address space, the entry's size.
///
/// ```
///  63                 23 22      7 6      2  1       0
///  address bits 52..12   ASID      size      global  held
/// ```
///
/// Bit 52 tells the halves apart, whatever the number of VA bits. The size is the power of two
/// less 12; address bits below it are zero. A global entry has no ASID. So a look-up at a size is
/// two words, and an entry is what is looked for or is not.
struct TLBKey {
  static var addressMask: UInt64 { ~0 &<< 23 }
  static var asidMask: UInt64 { 0xffff &<< 7 }
  static var sizeMask: UInt64 { 31 &<< 2 }

  /// What is looked for, but for the size.
  @inline(__always) static func probe(_ address: UInt64, _ asid: UInt64) -> UInt64 {
    ((address &>> 12) &<< 23) | (asid &<< 7) | 1
  }

  static var global: UInt64 { 2 }

  @inline(__always) static func size(_ shift: UInt64) -> UInt64 { (shift &- 12) &<< 2 }

  /// The key of an entry of 2^`shift` bytes around a probe's address.
  @inline(__always) static func key(_ probe: UInt64, shift: UInt64, isGlobal: Bool) -> UInt64 {
    let address = probe & addressMask(shift)
    return address | size(shift) | 1 | (isGlobal ? global : probe & asidMask)
  }

  /// The address bits that count for a size.
  @inline(__always) static func addressMask(_ shift: UInt64) -> UInt64 {
    ~0 &<< (shift &+ 11)
  }
}

/// What a way of a TLB holds.
struct TLBEntry: WayEntry {
  var key: UInt64
  var translation: TLBTranslation

  @inline(__always) static var none: Self {
    Self(key: 0, translation: TLBTranslation(rawValue: 0))
  }
  @inline(__always) var isNone: Bool { key == 0 }
  @inline(__always) var isGlobal: Bool { key & TLBKey.global != 0 }
  @inline(__always) var shift: UInt64 { ((key & TLBKey.sizeMask) &>> 2) &+ 12 }

  /// Whether it translates an address of an address space, whatever its size.
  @inline(__always) func covers(_ probe: UInt64, anyASID: Bool) -> Bool {
    let asid = anyASID || isGlobal ? 0 : TLBKey.asidMask
    return (key ^ probe) & (TLBKey.addressMask(shift) | asid) == 0
  }

  /// Whether it translates any address of `first...last`, both as ``TLBKey/probe(_:_:)``.
  func overlaps(_ first: UInt64, _ last: UInt64, anyASID: Bool) -> Bool {
    if !anyASID && !isGlobal && (key ^ first) & TLBKey.asidMask != 0 { return false }
    let own = key & TLBKey.addressMask
    let end = own | (~TLBKey.addressMask(shift) & TLBKey.addressMask)
    return own <= last & TLBKey.addressMask && first & TLBKey.addressMask <= end
  }
}

/// What a TLB entry says of its addresses: where they are, and who may do what.
///
/// The output address's bits 51..12, and below them flags. Zero is no translation.
struct TLBTranslation: RawRepresentable, BitwiseCopyable, Equatable {
  var rawValue: UInt64

  @inline(__always) init(rawValue: UInt64) { self.rawValue = rawValue }

  static var held: UInt64 { 1 }
  static var user: UInt64 { 2 }
  /// Writes go through.
  static var writable: UInt64 { 4 }
  /// Writes go through once the CPU itself has noted that the page is dirty (DBM).
  static var dirtying: UInt64 { 8 }
  static var userExecutes: UInt64 { 16 }
  static var kernelExecutes: UInt64 { 32 }
  static var cacheable: UInt64 { 64 }
  /// For every address space.
  static var global: UInt64 { 128 }
  /// The level of the descriptor, two bits up to where the output address begins: 0 to 3.
  static var levelShift: UInt64 { 8 }

  @inline(__always) var isNone: Bool { rawValue == 0 }
  @inline(__always) func has(_ flag: UInt64) -> Bool { rawValue & flag != 0 }
  @inline(__always) var output: UInt64 { rawValue & 0x000f_ffff_ffff_f000 }

  @inline(__always) var level: Int8 { Int8(truncatingIfNeeded: (rawValue &>> Self.levelShift) & 3) }

  /// What a machine without translation does with an address.
  @inline(__always) static func untranslated(_ address: UInt64) -> Self {
    Self(
      rawValue: address & 0x000f_ffff_ffff_f000 | held | user | writable | userExecutes
        | kernelExecutes | cacheable | global)
  }

  /// Whether an access goes through (Arm ARM D8.4), as ``Translation/Mapping/allows`` says.
  @inline(__always) func allows(_ kind: AccessKind, _ privilege: Privilege) -> Bool {
    var needed = Self.held
    switch kind {
    case .load: break
    case .store, .clear: needed |= Self.writable
    case .fetch: needed |= privilege == .user ? Self.userExecutes : Self.kernelExecutes
    }
    if privilege == .user && kind != .fetch { needed |= Self.user }
    return rawValue & needed == needed
  }

  /// The flags that a load, store or clear needs, which is given as a record.
  @inline(__always) static func needed(_ word: UInt64) -> UInt64 {
    held | (word &>> 60 & 1) &<< 2 | (~word &>> 63) &<< 1
  }

  /// The same for a smaller piece of it, around an address.
  @inline(__always) func narrowed(to address: UInt64, from shift: UInt64, to smaller: UInt64)
    -> Self
  {
    let between: UInt64 = ((1 &<< shift) &- 1) & ~((1 &<< smaller) &- 1)
    return Self(rawValue: rawValue & ~between | address & between)
  }

  /// The address that a virtual address of an entry of 2^`shift` bytes has.
  @inline(__always) func physical(_ address: UInt64, shift: UInt64) -> UInt64 {
    let inside: UInt64 = (1 &<< shift) &- 1
    return output & ~inside | address & inside
  }
}
