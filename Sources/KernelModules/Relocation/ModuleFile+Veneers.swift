import MemoryTypes

/// How many veneers a module may need, which is asked before it has a place
/// (`module_frob_arch_sections()`, `count_plts()`).
extension ModuleFile {
  /// Counts them for both parts.
  ///
  /// A branch within its section always reaches; of branches to one symbol, from one part, one
  /// counts.
  func countVeneers(
    core: inout ModuleLayout, initial: inout ModuleLayout, avoidsLateADRP: Bool
  ) throws(ModuleError) {
    for index in 0..<symbolCount { set(symbol(index), marks: 0) }
    for index in 1..<sectionCount where type(section(index)) == .relocations {
      let table = section(index)
      guard let target = target(of: table), flags(target).contains(.executable) else { continue }
      let isInitial = isInitialSection(name(target))
      let count = try countVeneers(table, target, isInitial, avoidsLateADRP)
      if isInitial { initial.veneerCount &+= count } else { core.veneerCount &+= count }
    }
    guard avoidsLateADRP else { return }
    // Room for the slots that are themselves at the end of a page.
    core.veneerCount &+= core.veneerCount / (4096 / Veneer.length) &+ 1
    initial.veneerCount &+= initial.veneerCount / (4096 / Veneer.length) &+ 1
  }

  /// The section that a table of relocations is for; nil where it is not to be done.
  func target(of table: Section) -> Section? {
    guard info(table) < sectionCount else { return nil }
    let target = section(info(table))
    return flags(target).contains(.allocated) && type(target) != .null ? target : nil
  }

  private func countVeneers(
    _ table: Section, _ target: Section, _ isInitial: Bool, _ avoidsLateADRP: Bool
  ) throws(ModuleError) -> UInt64 {
    let mark: UInt8 = isInitial ? 0x80 : 0x40
    var count: UInt64 = 0
    for index in 0..<range(table).count / Self.relocationLength {
      let at = range(table).start &+ index &* Self.relocationLength
      let number = Int(half(at &+ 12))
      guard number < symbolCount else { throw ModuleError(.relocationSymbolOutside, at: at) }
      switch half(at &+ 8) {
      case 282, 283:
        let symbol = symbol(number)
        if sectionIndex(symbol) == info(table) { continue }
        if word(at &+ 16) != 0 {
          count &+= 1
        } else if marks(symbol) & mark == 0 {
          set(symbol, marks: marks(symbol) | mark)
          count &+= 1
        }
      case 275 where avoidsLateADRP, 276 where avoidsLateADRP:
        // The least alignment that keeps the instruction from the end of a page: beyond the lowest
        // clear bit of its offset.
        let low = (word(at) | 7).trailingOnes
        if low >= 11 {
          count &+= 1
        } else {
          set(target, alignment: max(alignment(target), 2 &<< low))
        }
      default: break
      }
    }
    return count
  }
}

extension UInt64 {
  fileprivate var trailingOnes: UInt64 { UInt64((~self).trailingZeroBitCount) }
}
