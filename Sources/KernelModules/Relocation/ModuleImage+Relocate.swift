import MemoryTypes

/// Doing a module's relocations (`apply_relocations()`, `apply_relocate_add()`).
extension ModuleImage {
  /// Does all of them; every section has its address, every symbol its value.
  mutating func relocate(_ file: ModuleFile) throws(ModuleError) {
    for index in 1..<file.sectionCount {
      let table = file.section(index)
      switch file.type(table) {
      case .relocations:
        if let target = file.target(of: table) { try relocate(file, table, target) }
      case .relocationsWithoutAddends:
        guard file.target(of: table) == nil else {
          throw ModuleError(.relocationNotRela, at: table.at)
        }
      default: break
      }
    }
  }

  private mutating func relocate(
    _ file: ModuleFile, _ table: ModuleFile.Section, _ target: ModuleFile.Section
  ) throws(ModuleError) {
    // A section that has no place was never copied.
    guard file.placement(target) != ~0 else { return }
    let length = file.memorySize(target)
    for index in 0..<file.range(table).count / ModuleFile.relocationLength {
      let at = file.range(table).start &+ index &* ModuleFile.relocationLength
      let number = Int(file.half(at &+ 12))
      guard number < file.symbolCount else { throw ModuleError(.relocationSymbolOutside, at: at) }
      guard let relocation = Relocation(type: file.half(at &+ 8)) else {
        throw ModuleError(.relocationUnsupported, at: at)
      }
      let offset = file.word(at)
      guard offset <= length, relocation.width <= length &- offset else {
        throw ModuleError(.relocationOutside, at: at)
      }
      let symbol = file.symbol(number)
      try apply(
        relocation, at: file.address(target) &+ offset, symbol: symbol,
        addend: file.word(at &+ 16), in: file, entry: at)
    }
  }

  /// Does one.
  private mutating func apply(
    _ relocation: Relocation, at place: UInt64, symbol: ModuleFile.Symbol, addend: UInt64,
    in file: ModuleFile, entry: Int
  ) throws(ModuleError) {
    guard relocation.width > 0 else { return }
    guard let area = area(of: place, relocation.width) else {
      throw ModuleError(.relocationOutside, at: entry)
    }
    let target = file.value(symbol) &+ addend
    let value = relocation.value(target, at: place)
    var fits: Bool
    switch relocation.place {
    case .nothing: return
    case .data(let bits):
      fits = relocation.fits(value, bits: bits)
      switch bits {
      case 16: area.store(UInt16(truncatingIfNeeded: value), place)
      case 32: area.store(UInt32(truncatingIfNeeded: value), place)
      default: area.store(value, place)
      }
    case .move(let from, let signed):
      let result = Relocation.move(area.load(place), value, from: from, signed: signed)
      area.store(result.instruction, place)
      fits = result.fits
    case .field(let field, let from, let length):
      let result = Relocation.insert(area.load(place), field, value, from: from, length: length)
      area.store(result.instruction, place)
      fits = result.fits
    case .pageAddress:
      fits = try relocatePage(area, place, target, value, entry)
    case .branch:
      var result = Relocation.insert(area.load(place), .bits26, value, from: 2, length: 26)
      if !result.fits {
        guard
          let veneer = veneer(for: place, to: target, symbol: symbol, addend: addend, in: file)
        else { throw ModuleError(.tooManyVeneers, at: entry) }
        result = Relocation.insert(
          area.load(place), .bits26, Int64(bitPattern: veneer &- place), from: 2, length: 26)
      }
      area.store(result.instruction, place)
      fits = result.fits
    }
    guard fits || !relocation.isChecked else { throw ModuleError(.relocationOverflow, at: entry) }
  }

  /// ADRP (`reloc_insn_adrp()`): where the CPU must not find one, ADR does it if it reaches, or
  /// else a veneer.
  private mutating func relocatePage(
    _ area: ModuleArea, _ place: UInt64, _ target: UInt64, _ value: Int64, _ entry: Int
  ) throws(ModuleError) -> Bool {
    let instruction: UInt32 = area.load(place)
    guard avoidsLateADRP, Veneer.isLate(place) else {
      let result = Relocation.insert(instruction, .address, value, from: 12, length: 21)
      area.store(result.instruction, place)
      return result.fits
    }
    let page = target & ~0xfff
    let near = Relocation.insert(
      instruction, .address, Int64(bitPattern: page &- place), from: 0, length: 21)
    if near.fits {
      area.store(near.instruction & ~(1 &<< 31), place)
      return true
    }
    guard let veneer = veneer(forADRP: instruction, at: place, page: page) else {
      throw ModuleError(.tooManyVeneers, at: entry)
    }
    let jump = Relocation.insert(
      0x1400_0000, .bits26, Int64(bitPattern: veneer &- place), from: 2, length: 26)
    area.store(jump.instruction, place)
    return jump.fits
  }
}
