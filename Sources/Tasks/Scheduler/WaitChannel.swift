/// What a blocked task waits for: an event's kind, the object it happens to, and where in it.
struct WaitChannel: BitwiseCopyable, Hashable {
  enum Kind: UInt8, BitwiseCopyable {
    case none, child, vfork, threads, sleep, realtime, execution, pipe, console, futex
    case interprocess
    /// A page of swap that is being read.
    case page
  }
  var kind: Kind
  var object: UInt
  var offset: UInt64 = 0

  static var none: WaitChannel { WaitChannel(kind: .none, object: 0) }

  @inline(__always)
  static func == (a: Self, b: Self) -> Bool {
    a.object == b.object && a.offset == b.offset && a.kind == b.kind
  }
}
