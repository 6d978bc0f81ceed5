/// Three instructions that go where a branch cannot reach: ADRP x16, ADD x16, BR x16
/// (arch/arm64/kernel/module-plts.c).
///
/// A branch reaches 128M either way, ADRP 4G. x16 is what the procedure call standard leaves to
/// veneers.
struct Veneer: BitwiseCopyable, Equatable {
  var pageAddress: UInt32
  var add: UInt32
  var branch: UInt32

  static var length: UInt64 { 12 }

  /// A veneer at an address, to a target.
  init(at place: UInt64, to target: UInt64) {
    (pageAddress, add) = Self.pair(at: place, target, register: 16)
    branch = 0xd61f_0000 | 16 &<< 5
  }

  /// What does an ADRP of another place: its target, then back behind it.
  ///
  /// Nil where the way back is too far.
  init?(at place: UInt64, page target: UInt64, register: UInt32, back: UInt64) {
    (pageAddress, add) = Self.pair(at: place, target, register: register)
    let (jump, fits) = Relocation.insert(
      0x1400_0000, .bits26, Int64(bitPattern: back &- (place &+ 8)), from: 2, length: 26)
    guard fits else { return nil }
    branch = jump
  }

  private static func pair(at place: UInt64, _ target: UInt64, register: UInt32)
    -> (UInt32, UInt32)
  {
    let distance = Int64(bitPattern: (target & ~0xfff) &- (place & ~0xfff))
    let (address, _) = Relocation.insert(
      0x9000_0000 | register, .address, distance, from: 12, length: 21)
    let add =
      0x9100_0000 | register | register &<< 5 | UInt32(truncatingIfNeeded: target & 0xfff) &<< 10
    return (address, add)
  }

  /// Whether an ADRP at an address meets erratum 843419: in the last two words of 4 KiB
  /// (`is_forbidden_offset_for_adrp()`).
  static func isLate(_ address: UInt64) -> Bool { address & 0xfff >= 0xff8 }
}

extension ModuleImage {
  /// The veneer to a target for code in one part: the one that there is, or a new one
  /// (`module_emit_plt_entry()`).
  mutating func veneer(
    for place: UInt64, to target: UInt64, symbol: ModuleFile.Symbol, addend: UInt64,
    in file: ModuleFile
  ) -> UInt64? {
    let isInitial = !core.contains(place)
    let shift: UInt64 = isInitial ? 32 : 0
    // As Linux: targets behind a symbol do not occur, and are not looked for.
    let known = addend == 0 ? file.veneers(symbol) &>> shift & 0xffff_ffff : 0
    if known != 0 { return address(ofVeneer: known &- 1, isInitial) }
    guard let (number, address) = nextVeneer(isInitial) else { return nil }
    store(Veneer(at: address, to: target), at: address)
    if addend == 0 {
      file.set(
        symbol,
        veneers: file.veneers(symbol) & ~(0xffff_ffff &<< shift) | (number &+ 1) &<< shift)
    }
    return address
  }

  /// A veneer that does an ADRP elsewhere (`module_emit_veneer_for_adrp()`).
  mutating func veneer(forADRP instruction: UInt32, at place: UInt64, page: UInt64) -> UInt64? {
    guard let (_, address) = nextVeneer(!core.contains(place)),
      let veneer = Veneer(
        at: address, page: page, register: instruction & 31, back: place &+ 4)
    else { return nil }
    store(veneer, at: address)
    return address
  }

  private func address(ofVeneer number: UInt64, _ isInitial: Bool) -> UInt64 {
    let layout = isInitial ? initialLayout : coreLayout
    let area = isInitial ? initial ?? core : core
    return area.address &+ layout.veneers &+ number &* Veneer.length
  }

  private mutating func nextVeneer(_ isInitial: Bool) -> (number: UInt64, address: UInt64)? {
    let limit = isInitial ? initialLayout.veneerCount : coreLayout.veneerCount
    var number = isInitial ? initialVeneers : coreVeneers
    if avoidsLateADRP, Veneer.isLate(address(ofVeneer: number, isInitial)) { number &+= 1 }
    guard number < limit else { return nil }
    if isInitial { initialVeneers = number &+ 1 } else { coreVeneers = number &+ 1 }
    return (number, address(ofVeneer: number, isInitial))
  }

  private func store(_ veneer: Veneer, at address: UInt64) {
    guard let area = area(of: address, Veneer.length) else { return }
    area.store(veneer.pageAddress, address)
    area.store(veneer.add, address &+ 4)
    area.store(veneer.branch, address &+ 8)
  }
}
