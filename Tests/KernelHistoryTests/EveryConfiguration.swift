import KernelHistory
import MemoryTypes

/// Every kernel that can be described: a version of each generation and the last before the next.
enum EveryConfiguration {
  static let versions: [KernelVersion] = [
    (3, 18), (3, 19), (4, 0), (4, 1), (4, 4), (4, 5), (4, 6), (4, 7), (4, 14), (4, 20), (5, 0),
    (5, 3),
    (5, 4), (5, 10), (5, 11), (5, 15), (5, 17), (6, 1), (6, 4), (6, 5), (6, 8), (6, 9), (6, 12),
    (7, 3),
    (8, 0),
  ].map { KernelVersion($0.0, $0.1) }

  static let all: [LayoutConfiguration] = versions.flatMap { version in
    [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB].flatMap { pageSize in
      LayoutConfiguration.vaBits(offeredBy: version, with: pageSize).flatMap { bits in
        KASANMode.allCases.flatMap { kasan in
          [nil, 47, 48].compactMap { actual in
            try? LayoutConfiguration(
              version: version, pageSize: pageSize, vaBits: bits, actualVABits: actual,
              kasan: kasan)
          }
        }
      }
    }
  }
}
