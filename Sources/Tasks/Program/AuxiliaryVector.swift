import MemoryTypes

/// The auxiliary vector: what the kernel tells a program about itself and the machine, as pairs of
/// numbers at the end of the initial stack (include/uapi/linux/auxvec.h).
struct AuxiliaryVector: BitwiseCopyable {
  /// The kinds of entries, in the numbers of the ABI.
  enum Kind: UInt64 {
    case end = 0
    case programHeaders = 3
    case programHeaderSize = 4
    case programHeaderCount = 5
    case pageSize = 6
    case interpreterBase = 7
    case flags = 8
    case entry = 9
    case user = 11
    case effectiveUser = 12
    case group = 13
    case effectiveGroup = 14
    case platform = 15
    case hwcap = 16
    case clockTicks = 17
    case secure = 23
    case random = 25
    case hwcap2 = 26
    case programName = 31
    case vdso = 33
    case minimumSignalStack = 51
  }

  /// Entries and the end mark, two words each: 21 pairs are written.
  private(set) var words: InlineArray<48, UInt64> = .init(repeating: 0)
  private(set) var count = 0

  mutating func append(_ kind: Kind, _ value: UInt64) {
    words[count] = kind.rawValue
    words[count &+ 1] = value
    count &+= 2
  }

  /// The largest frame that a signal handler needs without SVE: `struct rt_sigframe`, a frame
  /// record, and alignment (arch/arm64/kernel/signal.c:minsigstksz_setup()).
  static var minimumSignalStack: UInt64 {
    let information: UInt64 = 128  // siginfo
    let context: UInt64 = 4560  // struct ucontext with its 4096 bytes of records
    return information &+ context &+ 16 &+ 16
  }
}
