package import TraceFiles

/// What traces of allocations can say that cannot be.
extension TraceError.Kind {
  /// A pointer is freed or resized that is not allocated: it never was, or is no more.
  package static var unknownPointer: Self { Self("unknown-pointer", title: "unknown pointer") }
  /// An object is freed twice.
  package static var doubleFree: Self { Self("double-free", title: "double free") }
  /// A pointer is returned that is already allocated.
  package static var allocatedTwice: Self { Self("allocated-twice", title: "allocated twice") }
  /// An allocation that the trace says succeeded, and which glibc's rules refuse.
  package static var impossible: Self { Self("impossible", title: "impossible") }
  /// glibc would end the program here with one of its messages.
  package static var abort: Self { Self("abort", title: "glibc aborts") }
}
