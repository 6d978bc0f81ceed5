import Glibc
import Machine
package import MemoryTypes

/// How this host maps memory: what a reading of a process is to be understood by.
package struct HostPages: Equatable, Sendable {
  package var pageShift: UInt64
  /// What the last level but one of the page table maps: 2M on 4K pages.
  package var hugeShift: UInt64
  /// The largest anonymous folio below that which may be allocated at once; 0 where none is.
  package var folioShift: UInt64 = 0
  /// Whether such folios need MADV_HUGEPAGE.
  package var folioNeedsAdvice = false
  /// The entries of the core's data TLB and the core's name, where the kernel tells them.
  package var tlbEntries: UInt64?
  package var machine = ""
  package var release = ""

  package var pageSize: ByteCount { ByteCount(1 << pageShift) }

  package init(pageShift: UInt64) {
    self.pageShift = pageShift
    hugeShift = 2 * pageShift - 3
  }

  private static let folder = "/sys/kernel/mm/transparent_hugepage"

  /// The running kernel.
  package static func running() -> HostPages {
    let size = UInt64(max(4096, sysconf(Int32(_SC_PAGESIZE))))
    var host = HostPages(pageShift: UInt64(size.trailingZeroBitCount))
    host.readFolios()
    host.readTLB()
    var names = utsname()
    if unsafe uname(&names) == 0 {
      host.machine = text(of: names.machine)
      host.release = text(of: names.release)
    }
    return host
  }

  /// Multi-size huge pages (Linux 6.8): `hugepages-64kB/enabled` and so on.
  private mutating func readFolios() {
    let all = Self.choice("\(Self.folder)/enabled")
    for shift in pageShift + 1..<hugeShift {
      let own = Self.choice("\(Self.folder)/hugepages-\(1 << (shift - 10))kB/enabled")
      let choice = own == "inherit" ? all : own
      guard choice == "always" || choice == "madvise" else { continue }
      folioShift = shift
      folioNeedsAdvice = choice == "madvise"
    }
  }

  /// The word in brackets: `always [madvise] never`.
  private static func choice(_ file: String) -> String? {
    guard let bytes = try? HostFile.start(of: file, limit: 256) else { return nil }
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      .first { $0.hasPrefix("[") && $0.hasSuffix("]") }.map { String($0.dropFirst().dropLast()) }
  }

  private mutating func readTLB() {
    guard let bytes = try? HostFile.everything(at: "/proc/cpuinfo", limit: 1 << 24) else { return }
    let info = CPUInfo(bytes)
    tlbEntries = info.processors.first.flatMap { info.value("TLB size", of: $0) }
      .flatMap { $0.split(separator: " ").first }.flatMap { UInt64($0) }
  }

  private static func text<T>(of field: T) -> String {
    unsafe withUnsafeBytes(of: field) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
