package import BoardFormat

/// The functions by which programs ask their allocator for memory and give it back.
package enum AllocationFunction: UInt16, CaseIterable, Sendable {
  case malloc = 1
  case calloc
  case realloc
  case reallocarray
  case memalign
  case alignedAlloc
  case posixMemalign
  case valloc
  case pvalloc
  case free

  /// Its name in C.
  package var symbol: String {
    switch self {
    case .alignedAlloc: "aligned_alloc"
    case .posixMemalign: "posix_memalign"
    default: "\(self)"
    }
  }

  /// How the kernel is to listen to it.
  package var options: ProbeRequest.Options {
    switch self {
    case .free: []
    case .posixMemalign: .answersThroughPointer
    default: .answers
    }
  }
}
