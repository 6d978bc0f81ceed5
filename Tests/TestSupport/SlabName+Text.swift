public import KernelHeap

extension SlabName {
  /// The name for messages and comparisons.
  public var text: String { unsafe String(decoding: bytes, as: UTF8.self) }
}
