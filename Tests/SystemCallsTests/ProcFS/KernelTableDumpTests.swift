import Arm64
import Files
import Foundation
import KernelLayout
import MemoryTypes
import Tasks
import Testing

@testable import ProcFS

@Suite struct KernelTableDumpTests {
  /// What Linux 6.1.192 printed (4K pages, 48 bits), a stretch of vmalloc left out.
  static let recorded = """
    ---[ Linear Mapping start ]---
    0xffff000000000000-0xffff000000210000        2112K PTE       RW NX SHD AF            UXN    MEM/NORMAL-TAGGED
    0xffff000000210000-0xffff0000005c0000        3776K PTE       ro NX SHD AF            UXN    MEM/NORMAL
    0xffff0000005c0000-0xffff000020000000      518400K PTE       RW NX SHD AF            UXN    MEM/NORMAL-TAGGED
    0xffff000020000000-0xffff000040000000         512M PMD
    0xffff000040000000-0xffff008000000000         511G PUD
    0xffff008000000000-0xffff800000000000      130560G PGD
    ---[ Linear Mapping end ]---
    ---[ Modules start ]---
    0xffff800000000000-0xffff800008000000         128M PMD
    ---[ Modules end ]---
    ---[ vmalloc() area ]---
    0xffff800008000000-0xffff800008004000          16K PTE       RW NX SHD AF            UXN    MEM/NORMAL
    0xffff800008004000-0xffff800008005000           4K PTE
    0xffff800008005000-0xffff800008006000           4K PTE       RW NX SHD AF            UXN    DEVICE/nGnRE
    0xffff800008006000-0xffff800008008000           8K PTE
    0xffff800008008000-0xffff80000800c000          16K PTE       RW NX SHD AF            UXN    MEM/NORMAL
    0xffff80000800c000-0xffff80000800d000           4K PTE
    0xffff80000800d000-0xffff80000800e000           4K PTE       RW NX SHD AF            UXN    MEM/NORMAL
    0xffff80000800e000-0xffff800008010000           8K PTE
    0xffff800008010000-0xffff8000082e0000        2880K PTE       ro x  SHD AF    CON     UXN    MEM/NORMAL
    0xffff8000082e0000-0xffff8000083c0000         896K PTE       ro NX SHD AF            UXN    MEM/NORMAL
    0xffff8000083c0000-0xffff800008410000         320K PTE
    0xffff800008410000-0xffff800008590000        1536K PTE       RW NX SHD AF    CON     UXN    MEM/NORMAL
    0xffff800008590000-0xffff800008591000           4K PTE
    0xffff800008591000-0xffff800008592000           4K PTE       RW NX SHD AF            UXN    MEM/NORMAL
    0xffff800008592000-0xffff800008593000           4K PTE
    0xffff800008593000-0xffff800008594000           4K PTE       RW NX SHD AF            UXN    MEM/NORMAL
    0xffff800008594000-0xffff800008598000          16K PTE
    0xffff800008598000-0xffff80000859c000          16K PTE       RW NX SHD AF            UXN    MEM/NORMAL
    0xffff80000859c000-0xffff8000085a0000          16K PTE
    0xffff8000085a0000-0xffff8000085b0000          64K PTE       RW NX SHD AF            UXN    DEVICE/nGnRE
    0xffff8000085b0000-0xffff800008800000        2368K PTE
    0xffff800008800000-0xffff800010000000         120M PMD
    0xffff800010000000-0xffff800020000000         256M PTE       RW NX SHD AF            UXN    DEVICE/nGnRnE
    0xffff800020000000-0xffff800040000000         512M PMD
    0xffff800040000000-0xffff808000000000         511G PUD
    0xffff808000000000-0xfffffb8000000000         123T PGD
    0xfffffb8000000000-0xfffffbffc0000000         511G PUD
    0xfffffbffc0000000-0xfffffbfff0000000         768M PMD
    ---[ vmalloc() end ]---
    0xfffffbfff0000000-0xfffffbfffda00000         218M PMD
    0xfffffbfffda00000-0xfffffbfffdbfd000        2036K PTE
    ---[ Fixmap start ]---
    0xfffffbfffdbfd000-0xfffffbfffdc00000          12K PTE
    0xfffffbfffdc00000-0xfffffbfffde00000           2M PMD       ro NX SHD AF        BLK UXN    MEM/NORMAL
    0xfffffbfffde00000-0xfffffbfffe000000           2M PMD
    ---[ Fixmap end ]---
    0xfffffbfffe000000-0xfffffbfffe800000           8M PMD
    ---[ PCI I/O start ]---
    0xfffffbfffe800000-0xfffffbfffe810000          64K PTE       RW NX SHD AF            UXN    DEVICE/nGnRE
    0xfffffbfffe810000-0xfffffbfffea00000        1984K PTE
    0xfffffbfffea00000-0xfffffbffff800000          14M PMD
    ---[ PCI I/O end ]---
    0xfffffbffff800000-0xfffffc0000000000           8M PMD
    ---[ vmemmap start ]---
    0xfffffc0000000000-0xfffffc0000800000           8M PMD       RW NX SHD AF        BLK UXN    MEM/NORMAL
    0xfffffc0000800000-0xfffffc0040000000        1016M PMD
    0xfffffc0040000000-0xfffffc8000000000         511G PUD
    0xfffffc8000000000-0xfffffe0000000000        1536G PGD
    ---[ vmemmap end ]---
    0xfffffe0000000000-0x0000000000000000           2T PGD

    """

  /// The descriptors that the lines describe, put in one by one, give the lines again.
  @Test func isWhatLinuxPrints() throws {
    let machine = GuestMachine()
    defer { machine.end() }
    let geometry = try #require(TranslationGeometry(pageSize: .fourKiB, vaBits: 48))
    var dump = KernelTableDump(layout: KernelLayout(linux6_1: geometry), geometry: geometry)
    var writer = TextWriter<HostProcessor>(machine.kernel.files)
    for line in Self.recorded.split(separator: "\n") where line.hasPrefix("0x") {
      let words = line.split(separator: " ").map(String.init)
      let ends = words[0].split(separator: "-").map { UInt64($0.dropFirst(2), radix: 16) ?? 0 }
      let level = ["PGD": 0, "PUD": 1, "PMD": 2, "PTE": 3][words[2]] ?? 3
      let descriptor = words.count > 3 ? Self.descriptor(words[3...]) : 0
      var address = ends[0]
      while address != ends[1] {
        dump.note(VirtualAddress(address), level, descriptor, &writer)
        address &+= geometry.coverage(at: level).rawValue
      }
    }
    dump.note(VirtualAddress(0), nil, 0, &writer)
    var bytes: [UInt8] = []
    writer.forEachPiece { piece in for index in 0..<piece.count { bytes.append(piece[index]) } }
    writer.discard()
    #expect(String(decoding: bytes, as: UTF8.self) == Self.recorded)
  }

  static func descriptor(_ words: ArraySlice<String>) -> UInt64 {
    var flags: Descriptor.Attributes = [.valid, .tableBit]
    var type: UInt64 = 0
    for word in words {
      switch word {
      case "ro": flags.insert(.readOnly)
      case "NX": flags.insert(.privilegedExecuteNever)
      case "SHD": flags.insert(.innerShareable)
      case "AF": flags.insert(.accessed)
      case "CON": flags.insert(.contiguous)
      case "BLK": flags.remove(.tableBit)
      case "UXN": flags.insert(.userExecuteNever)
      case "MEM/NORMAL-TAGGED": type = 1
      case "MEM/NORMAL-NC": type = 2
      case "DEVICE/nGnRnE": type = 3
      case "DEVICE/nGnRE": type = 4
      default: break
      }
    }
    return flags.rawValue | type << 2
  }
}
