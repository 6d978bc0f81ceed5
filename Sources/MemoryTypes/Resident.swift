import Synchronization

/// A field that makes a structure stay where it is: give one to every large structure that lives in
/// RAM and is reached by pointer.
///
/// ```swift
/// struct Zone: ~Copyable {
///   let resident = Resident()
///   var freeBlocks: InlineArray<14, Int>
/// ```
/// Without it the compiler may load such a structure as a value, though it cannot be copied: a call
/// of a method that does not mutate, or reading one element of an inline array, then copies
/// hundreds of bytes to the stack first (Swift 6.3.1, `-O`: 392 bytes a freed page). An atomic is a
/// type that has an address and no value, and whatever contains one has neither; it costs a word
/// and no instruction.
public struct Resident: ~Copyable, Sendable {
  let cell = Atomic<UInt8>(0)
  public init() {}
}
