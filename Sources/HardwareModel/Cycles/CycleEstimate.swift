import Arm64

/// Cycles that a core would have taken, by what they went to, by its latencies and a model's counts.
///
/// The rules are Documentation/Theory/CycleEstimate.md's: nothing overlaps, stores wait for nothing
/// but their translation. An estimate compares two configurations; it does not predict a clock.
public struct CycleEstimate: Hashable, Sendable {
  /// The cycles of one privilege.
  public struct Parts: Hashable, Sendable {
    /// Instructions, with what L1 serves.
    public var base = 0.0
    /// L1 TLB misses that ask the shared TLB.
    public var tlb = 0.0
    /// Descriptors that walks read.
    public var walk = 0.0
    /// Loads and fetches that L1 did not serve.
    public var cache = 0.0

    public init() {}

    public var total: Double { base + tlb + walk + cache }

    public static func + (a: Self, b: Self) -> Self {
      var sum = a
      sum.base += b.base
      sum.tlb += b.tlb
      sum.walk += b.walk
      sum.cache += b.cache
      return sum
    }
  }

  public var user: Parts
  public var kernel: Parts

  public var total: Double { user.total + kernel.total }

  /// The estimate for what was counted while so many instructions ran.
  public init(
    _ counters: Counters, _ latencies: CoreLatencies, hasSharedTLB: Bool, userInstructions: UInt64,
    kernelInstructions: UInt64
  ) {
    func parts(_ by: Privilege, _ instructions: UInt64) -> Parts {
      var parts = Parts()
      parts.base = Double(instructions) * latencies.base
      if hasSharedTLB {
        let misses = AccessKind.allCases.reduce(0) { $0 + counters[.tlbMisses($1, by)] }
        parts.tlb = Double(misses) * latencies.sharedTLB
      }
      for level in ServedBy.allCases {
        parts.walk += Double(counters[.walkReads(by, level)]) * latencies[level]
      }
      // A program never waits for its stores: a buffer takes them.
      for kind in [AccessKind.load, .fetch] {
        for level in [ServedBy.second, .last, .memory] {
          let served = Double(counters[.served(kind, by, level)])
          parts.cache += served * (latencies[level] - latencies.first)
        }
        parts.cache +=
          Double(counters[.uncached(kind, by)]) * (latencies.memory - latencies.first)
      }
      return parts
    }
    user = parts(.user, userInstructions)
    kernel = parts(.kernel, kernelInstructions)
  }
}
