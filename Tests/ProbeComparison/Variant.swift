import Foundation

/// A Linux that was recorded, and the machine that matches it.
public struct Variant: Hashable, Sendable, CustomStringConvertible {
  public let name: String
  /// The page size in bytes.
  let pageSize: Int
  /// The kernel stack of a task (THREAD_SIZE).
  let threadSize: Int

  public var description: String { name }

  public static let all = [
    Variant(name: "4k48", pageSize: 4096, threadSize: 16384),
    Variant(name: "4k48hw", pageSize: 4096, threadSize: 16384),
    Variant(name: "16k47", pageSize: 16384, threadSize: 16384),
    Variant(name: "64k42", pageSize: 65536, threadSize: 65536),
  ]

  /// The machine file with what the recordings' README gives this variant.
  public var machine: String {
    Checkout.endToEndTests.appending(path: "Machines/\(name).yaml").path
  }
}
