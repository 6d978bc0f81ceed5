import KernelHistory
import MemoryTypes
import Testing

/// Constants of Linux 5.10.223, 6.12.107 and 7.3.4 (Debian's sources), as the compiler made them of
/// the kernel's own headers.
struct HeaderConstants: CustomTestStringConvertible, Sendable {
  var version: KernelVersion
  var name: String
  var values: [String: UInt64]

  var testDescription: String { "\(version) \(name)" }

  func configuration() throws -> LayoutConfiguration {
    try LayoutConfiguration(
      version: version, pageSize: name.hasPrefix("64k") ? .sixtyFourKiB : .fourKiB,
      vaBits: values["VA_BITS"], kasan: name.hasSuffix("kasan") ? .generic : .none)
  }

  /// One kernel a column; `-` where the constant hangs on the machine, or there is none.
  static let all: [HeaderConstants] = {
    let lines = table.split(separator: "\n").map { $0.split(separator: " ") }
    return lines[0].indices.dropFirst().map { column in
      var values: [String: UInt64] = [:]
      for line in lines.dropFirst(2) {
        values[String(line[0])] =
          line[column] == "-"
          ? nil : UInt64(line[column], radix: line[0] == "VA_BITS" ? 10 : 16)
      }
      return HeaderConstants(
        version: KernelVersion(parsing: lines[0][column]) ?? KernelVersion(0, 0),
        name: String(lines[1][column]), values: values)
    }
  }()

  static let table = """
    version 6.12 6.12 6.12 7.3 7.3 7.3 5.10 5.10 5.10
    configuration 4k48 64k52 4k39kasan 4k48 64k52 4k39kasan 4k48 64k52 4k39kasan
    VA_BITS 48 52 39 48 52 39 48 52 39
    PAGE_OFFSET ffff000000000000 fff0000000000000 ffffff8000000000 ffff000000000000 fff0000000000000 ffffff8000000000 ffff000000000000 fff0000000000000 ffffff8000000000
    PAGE_END ffff800000000000 ffff800000000000 ffffffb000000000 ffff800000000000 ffff800000000000 ffffffb000000000 - - -
    MODULES_VADDR ffff800000000000 ffff800000000000 ffffffc000000000 ffff800000000000 ffff800000000000 ffffffc000000000 ffff800008000000 ffff800008000000 ffffffd008000000
    MODULES_END ffff800080000000 ffff800080000000 ffffffc080000000 ffff800080000000 ffff800080000000 ffffffc080000000 ffff800010000000 ffff800010000000 ffffffd010000000
    KIMAGE_VADDR ffff800080000000 ffff800080000000 ffffffc080000000 ffff800080000000 ffff800080000000 ffffffc080000000 ffff800010000000 ffff800010000000 ffffffd010000000
    VMALLOC_START ffff800080000000 ffff800080000000 ffffffc080000000 ffff800080000000 ffff800080000000 ffffffc080000000 ffff800010000000 ffff800010000000 ffffffd010000000
    VMALLOC_END fffffdffbf800000 - fffffffebf800000 fffffdffbf800000 - fffffffebf800000 fffffdffbfff0000 fffff81fffff0000 fffffffebfff0000
    VMEMMAP_START fffffdffc0000000 fffffc1fc0000000 fffffffec0000000 fffffdffc0000000 fffffc1fc0000000 fffffffec0000000 fffffdffffe00000 fffffc1fffe00000 fffffffeffe00000
    VMEMMAP_END ffffffffc0000000 ffffffffc0000000 ffffffffc0000000 ffffffffc0000000 ffffffffc0000000 ffffffffc0000000 ffffffffffe00000 ffffffffffe00000 ffffffffffe00000
    PCI_IO_START ffffffffc0800000 ffffffffc0800000 ffffffffc0800000 ffffffffc0800000 ffffffffc0800000 ffffffffc0800000 fffffdfffec00000 fffffc1ffec00000 fffffffefec00000
    PCI_IO_END ffffffffc1800000 ffffffffc1800000 ffffffffc1800000 ffffffffc1800000 ffffffffc1800000 ffffffffc1800000 fffffdffffc00000 fffffc1fffc00000 fffffffeffc00000
    FIXADDR_START ffffffffff5fb000 ffffffffff5b0000 ffffffffff5fb000 ffffffffff5fb000 ffffffffff5b0000 ffffffffff5fb000 fffffdfffe5fd000 fffffc1ffe5d0000 fffffffefe5fd000
    FIXADDR_TOP ffffffffff800000 ffffffffff800000 ffffffffff800000 ffffffffff800000 ffffffffff800000 ffffffffff800000 fffffdfffea00000 fffffc1ffea00000 fffffffefea00000
    FIXADDR_TOT_START ffffffffff436000 ffffffffff3a0000 ffffffffff436000 ffffffffff42f000 ffffffffff330000 ffffffffff42f000 - - -
    KASAN_SHADOW_START - - ffffffb000000000 - - ffffffb000000000 - - -
    KASAN_SHADOW_END - - ffffffc000000000 - - ffffffc000000000 - - ffffffd000000000
    KASAN_SHADOW_OFFSET - - dfffffc000000000 - - dfffffc000000000 - - dfffffd000000000
    TASK_SIZE_64 1000000000000 - 8000000000 1000000000000 - 8000000000 - - -
    DEFAULT_MAP_WINDOW_64 1000000000000 1000000000000 8000000000 1000000000000 1000000000000 8000000000 1000000000000 1000000000000 8000000000
    ELF_ET_DYN_BASE aaaaaaaaaaaa aaaaaaaaaaaa 5555555555 aaaaaaaaaaaa aaaaaaaaaaaa 5555555555 aaaaaaaaaaaa aaaaaaaaaaaa 5555555555
    """
}
