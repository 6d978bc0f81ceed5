/// Which CPUs are threads of one core, and which cores sit in one cluster and package.
///
/// From a text's `physical id` and `core id` (x86); on the running machine from
/// `/sys/devices/system/cpu/cpu*/topology`, which arm64 has, too. A text without either has no
/// topology, and nothing is guessed.
package struct CPUTopology: Equatable, Sendable {
  /// A core and its hardware threads.
  package struct Core: Equatable, Sendable {
    package var id: UInt64
    package var threads: [UInt64]
  }

  /// Cores that share a cluster; `id` is nil where clusters are not told.
  package struct Cluster: Equatable, Sendable {
    package var id: UInt64?
    package var cores: [Core]
  }

  package struct Package: Equatable, Sendable {
    package var id: UInt64
    package var clusters: [Cluster]
    package var cores: [Core] { clusters.flatMap(\.cores) }
  }

  /// Where one CPU is.
  package struct Place: Equatable, Sendable {
    package var package: UInt64
    package var cluster: UInt64?
    package var core: UInt64

    package init(package: UInt64, cluster: UInt64? = nil, core: UInt64) {
      self.package = package
      self.cluster = cluster
      self.core = core
    }
  }

  package private(set) var packages: [Package] = []

  /// From the place of each CPU; nil where one has none.
  package init?(_ places: [(cpu: UInt64, place: Place?)]) {
    guard !places.isEmpty else { return nil }
    var cores: [Key: [UInt64]] = [:]
    for (cpu, place) in places {
      guard let place else { return nil }
      cores[Key(place), default: []].append(cpu)
    }
    for (key, threads) in cores.sorted(by: { $0.key < $1.key }) {
      if packages.last?.id != key.place.package {
        packages.append(Package(id: key.place.package, clusters: []))
      }
      let at = packages.count - 1
      if packages[at].clusters.isEmpty || packages[at].clusters.last?.id != key.place.cluster {
        packages[at].clusters.append(Cluster(id: key.place.cluster, cores: []))
      }
      let last = packages[at].clusters.count - 1
      packages[at].clusters[last].cores.append(Core(id: key.place.core, threads: threads.sorted()))
    }
  }

  /// What the text itself says.
  package init?(_ info: CPUInfo) {
    self.init(
      info.processors.map { processor in
        let package = info.number("physical id", of: processor)
        let core = info.number("core id", of: processor)
        guard let package, let core else { return (processor.number, nil) }
        return (processor.number, Place(package: package, core: core))
      })
  }

  package var cores: Int { packages.reduce(0) { $0 + $1.cores.count } }
  /// The most threads that a core has.
  package var threadsPerCore: Int {
    packages.flatMap(\.cores).map(\.threads.count).max() ?? 0
  }

  private struct Key: Hashable, Comparable {
    var numbers: [UInt64]
    var place: Place { Place(package: numbers[0], cluster: cluster, core: numbers[3]) }
    private var cluster: UInt64? { numbers[1] == 0 ? nil : numbers[2] }

    init(_ place: Place) {
      numbers = [place.package, place.cluster == nil ? 0 : 1, place.cluster ?? 0, place.core]
    }

    static func < (a: Key, b: Key) -> Bool { a.numbers.lexicographicallyPrecedes(b.numbers) }
  }
}
