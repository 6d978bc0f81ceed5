import KernelHistory
import MemoryTypes
import Testing

/// What a real kernel printed of its layout while it booted, and what it was.
struct BootLog: CustomTestStringConvertible, Sendable {
  var name: String
  var version: KernelVersion
  var pageSize = PageSize.fourKiB
  var vaBits: UInt64
  var kasan = KASANMode.none
  var structPageSize: UInt64 = 64
  /// Lines of the log whose figures depend on options of the configuration that are not known.
  var unlike: Set<String> = []
  /// The lines as they were printed, `name : start - end`.
  var text: String

  var testDescription: String { name }

  /// The borders by the names of the lines.
  var borders: [(name: String, start: UInt64, end: UInt64)] {
    text.split(separator: "\n").compactMap { line in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let name = line[..<colon].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
      let numbers = line.split(separator: " ").filter { $0.hasPrefix("0x") }.compactMap {
        UInt64($0.dropFirst(2), radix: 16)
      }
      return numbers.count >= 2 ? (String(name), numbers[0], numbers[1]) : nil
    }
  }

  static let all: [BootLog] = [
    BootLog(
      name: "3.18, a phone with a MediaTek X27 (its struct page has 176 bytes)",
      version: KernelVersion(3, 18), vaBits: 39, structPageSize: 176,
      text: """
            vmalloc : 0xffffff8000000000 - 0xffffffba3fff0000   (   232 GB)
            vmemmap : 0xffffffba40000000 - 0xffffffbfc0000000   (    22 GB maximum)
            PCI I/O : 0xffffffbffa000000 - 0xffffffbffb000000   (    16 MB)
            fixed   : 0xffffffbffbdfe000 - 0xffffffbffbdff000   (     4 KB)
            modules : 0xffffffbffc000000 - 0xffffffc000000000   (    64 MB)
            memory  : 0xffffffc000000000 - 0xffffffc0beae0000   (  3050 MB)
        """),
    BootLog(
      name: "4.0, QEMU with 128M", version: KernelVersion(4, 0), vaBits: 39,
      text: """
            vmalloc : 0xffffff8000000000 - 0xffffffbdbfff0000   (   246 GB)
            vmemmap : 0xffffffbdc0000000 - 0xffffffbfc0000000   (     8 GB maximum)
            fixed   : 0xffffffbffabfe000 - 0xffffffbffac00000   (     8 KB)
            PCI I/O : 0xffffffbffae00000 - 0xffffffbffbe00000   (    16 MB)
            modules : 0xffffffbffc000000 - 0xffffffc000000000   (    64 MB)
            memory  : 0xffffffc000000000 - 0xffffffc008000000   (   128 MB)
        """),
    BootLog(
      name: "4.0, 48 bits", version: KernelVersion(4, 0), vaBits: 48,
      text: """
            vmalloc : 0xffff000000000000 - 0xffff7bffbfff0000   (126974 GB)
            vmemmap : 0xffff7bffc0000000 - 0xffff7fffc0000000   (  4096 GB maximum)
            fixed   : 0xffff7ffffabfe000 - 0xffff7ffffac00000   (     8 KB)
            PCI I/O : 0xffff7ffffae00000 - 0xffff7ffffbe00000   (    16 MB)
            modules : 0xffff7ffffc000000 - 0xffff800000000000   (    64 MB)
            memory  : 0xffff800000000000 - 0xffff800040000000   (  1024 MB)
        """),
    BootLog(
      name: "4.4, without memory cgroups: struct page has 56 bytes", version: KernelVersion(4, 4),
      vaBits: 39, structPageSize: 56,
      text: """
            vmalloc : 0xffffff8000000000 - 0xffffffbdffff0000   (   247 GB)
            vmemmap : 0xffffffbe00000000 - 0xffffffbfc0000000   (     7 GB maximum)
            fixed   : 0xffffffbffa7fd000 - 0xffffffbffac00000   (  4108 KB)
            PCI I/O : 0xffffffbffae00000 - 0xffffffbffbe00000   (    16 MB)
            modules : 0xffffffbffc000000 - 0xffffffc000000000   (    64 MB)
            memory  : 0xffffffc000000000 - 0xffffffc040000000   (  1024 MB)
        """),
    BootLog(
      name: "4.4, a Tegra X2 of 8G", version: KernelVersion(4, 4), vaBits: 39,
      text: """
            vmalloc : 0xffffff8000000000 - 0xffffffbdbfff0000   (   246 GB)
            vmemmap : 0xffffffbdc0000000 - 0xffffffbfc0000000   (     8 GB maximum)
            fixed   : 0xffffffbffa7fd000 - 0xffffffbffac00000   (  4108 KB)
            PCI I/O : 0xffffffbffae00000 - 0xffffffbffbe00000   (    16 MB)
            modules : 0xffffffbffc000000 - 0xffffffc000000000   (    64 MB)
            memory  : 0xffffffc000000000 - 0xffffffc1e8200000   (  7810 MB)
        """),
    BootLog(
      name: "4.6.3, a Raspberry Pi 3", version: KernelVersion(4, 6), vaBits: 39,
      text: """
            modules : 0xffffff8000000000 - 0xffffff8008000000   (   128 MB)
            vmalloc : 0xffffff8008000000 - 0xffffffbdbfff0000   (   246 GB)
            vmemmap : 0xffffffbdc0000000 - 0xffffffbfc0000000   (     8 GB maximum)
            fixed   : 0xffffffbffe7fd000 - 0xffffffbffec00000   (  4108 KB)
            PCI I/O : 0xffffffbffee00000 - 0xffffffbfffe00000   (    16 MB)
            memory  : 0xffffffc000000000 - 0xffffffc03b000000   (   944 MB)
        """),
    BootLog(
      name: "4.8.0-rc8, a ThunderX with 64K pages", version: KernelVersion(4, 8),
      pageSize: .sixtyFourKiB, vaBits: 42,
      text: """
            modules : 0xfffffc0000000000 - 0xfffffc0008000000   (   128 MB)
            vmalloc : 0xfffffc0008000000 - 0xfffffdff5fff0000   (  2045 GB)
            fixed   : 0xfffffdff7e7d0000 - 0xfffffdff7ec00000   (  4288 KB)
            PCI I/O : 0xfffffdff7ee00000 - 0xfffffdff7fe00000   (    16 MB)
            vmemmap : 0xfffffdff80000000 - 0xfffffe0000000000   (     2 GB maximum)
            memory  : 0xfffffe0001400000 - 0xffffff1000000000   (1114092 MB)
        """),
    BootLog(
      name: "4.13, QEMU with KASAN", version: KernelVersion(4, 13), vaBits: 48, kasan: .generic,
      text: """
            kasan   : 0xffff000000000000 - 0xffff200000000000   ( 32768 GB)
            modules : 0xffff200000000000 - 0xffff200008000000   (   128 MB)
            vmalloc : 0xffff200008000000 - 0xffff7dffbfff0000   ( 96254 GB)
            fixed   : 0xffff7dfffe7fd000 - 0xffff7dfffec00000   (  4108 KB)
            PCI I/O : 0xffff7dfffee00000 - 0xffff7dffffe00000   (    16 MB)
            vmemmap : 0xffff7e0000000000 - 0xffff800000000000   (  2048 GB maximum)
            memory  : 0xffff800000000000 - 0xffff800008000000   (   128 MB)
        """),
    BootLog(
      name: "4.9, a server of Huawei with KASLR", version: KernelVersion(4, 9), vaBits: 48,
      unlike: ["memory"],
      text: """
            modules : 0xffff000000000000 - 0xffff000008000000   (   128 MB)
            vmalloc : 0xffff000008000000 - 0xffff7dffbfff0000   (129022 GB)
            fixed   : 0xffff7dfffe7fd000 - 0xffff7dfffec00000   (  4108 KB)
            PCI I/O : 0xffff7dfffee00000 - 0xffff7dffffe00000   (    16 MB)
            vmemmap : 0xffff7e0000000000 - 0xffff800000000000   (  2048 GB maximum)
            memory  : 0xffffca8400200000 - 0xffffca9c00000000   ( 98302 MB)
        """),
    BootLog(
      name: "4.14, an i.MX with page-table isolation", version: KernelVersion(4, 14), vaBits: 48,
      unlike: ["fixed"],
      text: """
            modules : 0xffff000000000000 - 0xffff000008000000   (   128 MB)
            vmalloc : 0xffff000008000000 - 0xffff7dffbfff0000   (129022 GB)
            fixed   : 0xffff7dfffe7fb000 - 0xffff7dfffec00000   (  4116 KB)
            PCI I/O : 0xffff7dfffee00000 - 0xffff7dffffe00000   (    16 MB)
            vmemmap : 0xffff7e0000000000 - 0xffff800000000000   (  2048 GB maximum)
            memory  : 0xffff800000000000 - 0xffff8000c0000000   (  3072 MB)
        """),
    BootLog(
      name: "4.14.68, QEMU, 39 bits", version: KernelVersion(4, 14), vaBits: 39,
      unlike: ["fixed"],
      text: """
            modules : 0xffffff8000000000 - 0xffffff8008000000   (   128 MB)
            vmalloc : 0xffffff8008000000 - 0xffffffbebfff0000   (   250 GB)
            fixed   : 0xffffffbefe7f9000 - 0xffffffbefec00000   (  4124 KB)
            PCI I/O : 0xffffffbefee00000 - 0xffffffbeffe00000   (    16 MB)
            vmemmap : 0xffffffbf00000000 - 0xffffffc000000000   (     4 GB maximum)
            memory  : 0xffffffc000000000 - 0xffffffc080000000   (  2048 MB)
        """),
  ]
}
