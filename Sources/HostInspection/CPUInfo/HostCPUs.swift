import Glibc
import Machine

/// What the running kernel says of its CPUs outside of `/proc/cpuinfo`.
package struct HostCPUs: Sendable {
  /// Where each CPU is; nil where the kernel does not say.
  package var topology: CPUTopology?
  /// The size of its pages.
  package var pageSize: UInt64
  /// The bits of the addresses of this program, by where its stack lies.
  package var userBits: UInt64?
  /// MIDR_EL1 of each CPU, which arm64 kernels since 4.7 show in a file.
  package var identities: [UInt64: ArmIdentity] = [:]

  private static let folder = "/sys/devices/system/cpu"

  /// Asks the running kernel about the CPUs of its `/proc/cpuinfo`.
  package init(_ info: CPUInfo) {
    pageSize = UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    userBits = Self.stackBits()
    topology =
      CPUTopology(info.processors.map { ($0.number, Self.place(of: $0.number)) })
      ?? CPUTopology(info)
    for cpu in info.processors.map(\.number) {
      identities[cpu] = Self.number("cpu\(cpu)/regs/identification/midr_el1")
        .map(ArmIdentity.init(midr:))
    }
  }

  private static func place(of cpu: UInt64) -> CPUTopology.Place? {
    guard let core = number("cpu\(cpu)/topology/core_id") else { return nil }
    // Where firmware tells no packages the file says -1.
    let package = number("cpu\(cpu)/topology/physical_package_id") ?? 0
    // 65535 and -1 are Linux's ways to say that there are no clusters.
    let cluster = number("cpu\(cpu)/topology/cluster_id").flatMap { $0 == 65535 ? nil : $0 }
    return CPUTopology.Place(package: package, cluster: cluster, core: core)
  }

  private static func number(_ file: String) -> UInt64? {
    (try? HostFile.start(of: "\(folder)/\(file)", limit: 64))
      .flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n").first }
      .flatMap { String($0).procNumber }
  }

  /// The stack is at the top of a program's half, so its bits are the half's.
  private static func stackBits() -> UInt64? {
    guard let maps = try? HostFile.everything(at: "/proc/self/maps", limit: 1 << 24) else {
      return nil
    }
    let line = String.procLines(maps).last { $0.hasSuffix("[stack]") }
    guard let end = line?.split(separator: " ").first?.split(separator: "-").last,
      let top = UInt64(end, radix: 16), top > 0
    else { return nil }
    return UInt64(64 - (top - 1).leadingZeroBitCount)
  }
}
