/// One arrangement of the kernel half, which held from a version on until the next one.
///
/// A new one is a file in `Generations` and a line in ``LayoutGenerations/all``.
package protocol LayoutGeneration: SendableMetatype {
  /// The first version that has it.
  static var since: KernelVersion { get }
  /// What changed with it, in one line.
  static var summary: String { get }
  /// The files of that version that say so.
  static var source: String { get }
  /// Its formulas.
  static func regions(of configuration: LayoutConfiguration) -> KernelRegions?
}

/// The generations, the oldest first.
package enum LayoutGenerations {
  package static let all: [any LayoutGeneration.Type] = [
    Linux3_18.self, Linux4_0.self, Linux4_6.self, Linux4_7.self, Linux5_0.self, Linux5_4.self,
    Linux5_11.self, Linux5_17.self, Linux6_4.self, Linux6_5.self, Linux6_9.self,
  ]

  /// The newest version whose sources the formulas were held against.
  package static let newest = KernelVersion(7, 3)

  /// The generation of a version.
  package static func generation(of version: KernelVersion) -> any LayoutGeneration.Type {
    all.last { $0.since <= version } ?? all[0]
  }
}
