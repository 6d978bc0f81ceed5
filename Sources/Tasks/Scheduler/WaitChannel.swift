/// What a blocked task waits for: an event's kind, and the object it happens to.
struct WaitChannel: BitwiseCopyable, Hashable {
  enum Kind: UInt8, BitwiseCopyable { case none, child, vfork, threads, sleep, pipe, console }
  var kind: Kind
  var object: UInt

  static let none = WaitChannel(kind: .none, object: 0)
}
