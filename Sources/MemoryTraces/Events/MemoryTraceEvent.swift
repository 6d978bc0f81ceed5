package import Arm64
import MemoryTypes

/// What happens between accesses.
///
/// Its words `a` to `g` are those that ``Kind`` names, in that order, and 0 where it names fewer.
package struct MemoryTraceEvent: BitwiseCopyable, Hashable, Sendable {
  package enum Kind: UInt8, BitwiseCopyable, CaseIterable, Sendable {
    /// Instructions that were executed since the last such event: by the program, by the kernel.
    case instructions = 1
    /// Who accesses from here on: a process, a thread.
    case task
    /// A thread has ended: a process, a thread.
    case threadEnd
    /// A system call: its number, its six arguments.
    case systemCall
    /// It returns: its result.
    case systemReturn
    /// An access has faulted and the kernel serves it: the address, the syndrome (ESR_EL1) where
    /// it is known, else 0.
    case faultBegin
    case faultEnd
    /// The user half is another: the root of its tables, its ASID.
    case addressSpace
    /// The root of the kernel half's tables.
    case kernelTables
    /// The TLBs are told: ``MemoryTraceInvalidation``, an address, a number of pages, an ASID.
    case invalidate
    /// Instructions are forgotten: a physical address, and 1 where it is all of them.
    case invalidateInstructions
    /// A descriptor of a table: its physical address, what it is from here on.
    case descriptor
    /// Nanoseconds since the trace began.
    case time
    /// The trace has a gap: accesses that are known to be missing, 0 where nobody knows how many.
    case gap

    /// How many words it had in version 1 of the format.
    var wordsOfFirstVersion: Int { self == .systemCall ? 4 : words }

    /// How many words it has.
    package var words: Int {
      switch self {
      case .faultEnd: 0
      case .systemReturn, .kernelTables, .time, .gap: 1
      case .instructions, .task, .threadEnd, .faultBegin, .addressSpace, .invalidateInstructions,
        .descriptor:
        2
      case .invalidate: 4
      case .systemCall: 7
      }
    }
  }

  package var kind: Kind
  /// How many accesses of its batch come before it.
  package var position: Int
  package var a: UInt64
  package var b: UInt64
  package var c: UInt64
  package var d: UInt64
  package var e: UInt64 = 0
  package var f: UInt64 = 0
  package var g: UInt64 = 0

  package init(
    _ kind: Kind, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0,
    _ e: UInt64 = 0, _ f: UInt64 = 0, _ g: UInt64 = 0, position: Int = 0
  ) {
    self.kind = kind
    self.position = position
    self.a = a
    self.b = b
    self.c = c
    self.d = d
    self.e = e
    self.f = f
    self.g = g
  }
}

/// How a trace says which translations go.
package enum MemoryTraceInvalidation: UInt64, CaseIterable, Sendable {
  case page = 0
  case pageAndTables
  case range
  case rangeAndTables
  case addressSpace
  case kernelPage
  case kernelRange
  case all
}

extension MemoryTraceEvent {
  package init(_ invalidation: TLBInvalidation, position: Int = 0) {
    func made(
      _ kind: MemoryTraceInvalidation, _ address: UInt64, _ pages: UInt64, _ asid: UInt16
    ) -> Self {
      Self(.invalidate, kind.rawValue, address, pages, UInt64(asid), position: position)
    }
    self =
      switch invalidation {
      case .page(let address, let asid): made(.page, address.rawValue, 1, asid.rawValue)
      case .pageAndTables(let address, let asid):
        made(.pageAndTables, address.rawValue, 1, asid.rawValue)
      case .range(let address, let count, let asid, let tables):
        made(
          tables ? .rangeAndTables : .range, address.rawValue, count.rawValue, asid.rawValue)
      case .addressSpace(let asid): made(.addressSpace, 0, 0, asid.rawValue)
      case .kernelPage(let address): made(.kernelPage, address.rawValue, 1, 0)
      case .kernelRange(let address, let count):
        made(.kernelRange, address.rawValue, count.rawValue, 0)
      case .all: made(.all, 0, 0, 0)
      }
  }

  /// The invalidation that it tells; nil where it tells none that there is.
  package var invalidation: TLBInvalidation? {
    guard kind == .invalidate, let which = MemoryTraceInvalidation(rawValue: a), d < 1 << 16 else {
      return nil
    }
    let address = VirtualAddress(b)
    let asid = ASID(UInt16(d))
    return switch which {
    case .page: .page(address, asid)
    case .pageAndTables: .pageAndTables(address, asid)
    case .range: .range(address, PageCount(c), asid, tables: false)
    case .rangeAndTables: .range(address, PageCount(c), asid, tables: true)
    case .addressSpace: .addressSpace(asid)
    case .kernelPage: .kernelPage(address)
    case .kernelRange: .kernelRange(address, PageCount(c))
    case .all: .all
    }
  }
}
