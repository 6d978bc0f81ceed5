/// How a call of the allocator ends other than by returning: the program dies.
public enum HeapAbort: Error, Equatable, Sendable {
  /// malloc_printerr: the message goes to standard error, then the program aborts.
  case corruption(Corruption)
  /// An assertion of malloc.c failed, which aborts as well.
  case assertion(MallocAssertion)
  /// An access where the program has no memory: SIGSEGV at this address.
  case fault(UInt64)
  /// A list of the heap that does not end: the program would not return from the call.
  case endless(UInt64)
}
