package import HostInspection

/// What there is to say of a machine's CPUs: kinds, topology, addresses, what concerns memory.
package struct CPUReport: Sendable {
  package var info: CPUInfo
  package var kinds: [CPUKind]
  package var topology: CPUTopology?
  /// What the running kernel adds; nil for a text from elsewhere.
  package var host: HostCPUs?

  package init(_ info: CPUInfo, host: HostCPUs? = nil) {
    self.info = info
    self.host = host
    kinds = info.kinds
    topology = host?.topology ?? CPUTopology(info)
  }

  /// How many of what there is.
  var summary: String {
    let count = info.processors.count
    let cpus =
      (count == 1 ? "1 CPU" : "\(count) CPUs")
      + (kinds.count > 1 ? " of \(kinds.count) kinds" : "")
    guard let topology else { return cpus }
    let packages = topology.packages.count
    let cores = topology.cores
    let threads = topology.threadsPerCore
    return [
      cpus, packages == 1 ? "1 package" : "\(packages) packages",
      cores == 1 ? "1 core" : "\(cores) cores",
      threads == 1
        ? "no hyper-threads"
        : cores * threads == count
          ? "\(threads) threads a core" : "up to \(threads) threads a core",
    ].joined(separator: ", ")
  }

  /// The addresses of a kind, where its text tells them.
  func addressSizes(of kind: CPUKind) -> AddressSizes? {
    info.value("address sizes", of: kind.sample).flatMap { AddressSizes($0) }
  }
}
