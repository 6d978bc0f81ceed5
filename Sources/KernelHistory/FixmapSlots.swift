import MemoryTypes

/// The pages of the fixmap (arch/arm64/include/asm/fixmap.h, `enum fixed_addresses`), of the smallest
/// configuration: page-table isolation adds 2 to 5, ACPI's error tables 2 to 4, KVM from 6.16 on one
/// for each CPU.
extension LayoutConfiguration {
  /// `__end_of_permanent_fixed_addresses`.
  var permanentFixmapSlots: PageCount {
    func pages(_ size: ByteCount) -> PageCount { size.wholePages(of: pageSize) }
    return switch version {
    // The early console.
    case ..<KernelVersion(4, 0): PageCount(1)
    // A hole at the top.
    case ..<KernelVersion(4, 1): PageCount(2)
    // Patching text.
    case ..<KernelVersion(4, 2): PageCount(3)
    // The device tree: its greatest size, 2M, and 2M for its alignment.
    case ..<KernelVersion(6, 4): PageCount(3) + pages(.mebibytes(4))
    // Pages instead of 2M for its alignment.
    default: PageCount(3) + pages(.mebibytes(2)) + PageCount(2)
    }
  }

  /// `__end_of_fixed_addresses`: with the slots of early_ioremap(), seven of 256K, and those for
  /// writing tables of each level.
  var allFixmapSlots: PageCount {
    let each = ByteCount.kibibytes(256).wholePages(of: pageSize).rawValue
    let perMapping = version >= KernelVersion(7, 3) ? each + 1 : each
    let tables: UInt64 = version >= KernelVersion(6, 9) ? 5 : 4
    return permanentFixmapSlots + PageCount(7 * perMapping + tables)
  }

  /// The permanent slots under FIXADDR_TOP.
  func fixmap(upTo top: VirtualAddress) -> AddressRange {
    AddressRange(size: permanentFixmapSlots.bytes(of: pageSize), upTo: top)
  }
}
